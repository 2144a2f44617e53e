"""Registers the app with Django and its lines of health and metrics."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "common"

    def ready(self) -> None:
        from common import health, metrics, postgres_instants

        health.register()
        metrics.register()
        postgres_instants.listen()
