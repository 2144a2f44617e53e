"""Registers the app with Django and connects what it hears."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"

    def ready(self) -> None:
        from dashboard import receivers

        receivers.connect()
