"""Registers the app with Django and its lines of health."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "common"

    def ready(self) -> None:
        from common import health

        health.register()
