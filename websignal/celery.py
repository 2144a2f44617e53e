"""The Celery application, with the engine as a step of its workers."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "websignal.settings")

app = Celery("websignal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Else only the thread that made it would send to our broker; engines and web servers send from threads of their own.
app.set_default()
# By name: whoever only sends tasks, as beat does, has no need of an engine and all that it imports.
app.steps["worker"].add("monitors.scheduling.engine_step:EngineStep")


@setup_logging.connect
def _leave_logging(**_: object) -> None:
    """Logs are as Django's settings say; Celery would put its own format and level over them."""
