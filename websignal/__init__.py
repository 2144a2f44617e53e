"""Floor 9: settings, addresses, processes. Importing it makes our Celery application the one tasks are sent with."""

from websignal.celery import app as celery_app

__all__ = ["celery_app"]
