"""Registers the app with Django, its type of monitor, and connects what it hears."""

from django.apps import AppConfig


class SignalsConfig(AppConfig):
    name = "signals"

    def ready(self) -> None:
        from signals import dependents, heartbeats, receivers

        heartbeats.register()
        dependents.register()
        receivers.connect()
