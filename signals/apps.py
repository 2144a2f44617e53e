"""Registers the app with Django, its type of monitor, and connects what it hears."""

from django.apps import AppConfig


class SignalsConfig(AppConfig):
    name = "signals"

    def ready(self) -> None:
        from signals import dependents, heartbeats, metrics, receivers

        heartbeats.register()
        dependents.register()
        metrics.register()
        receivers.connect()
