"""Registers the app with Django, its type of monitor, and connects what it hears."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SignalsConfig(AppConfig):
    name = "signals"

    def ready(self) -> None:
        from signals import dependents, heartbeats, metrics, receivers

        heartbeats.register()
        dependents.register()
        metrics.register()
        receivers.connect()
        post_migrate.connect(_make_partitions, sender=self)


def _make_partitions(*, using: str, **_: Any) -> None:
    """The coming days' partitions, so that the first signals need not go to the default one."""
    from common import clock
    from signals.upkeep import SIGNALS_BY_DAY

    SIGNALS_BY_DAY.tend(now=clock.now(), using=using)
