"""Registers the app with Django and its types of monitor with the registry."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class MonitorsConfig(AppConfig):
    name = "monitors"

    def ready(self) -> None:
        from accounts.events import user_deleted
        from billing.usage import counters
        from monitors import health, leaving, metrics, probed
        from monitors.scheduling import engine_step

        counters.register("monitors", lambda workspace, now: self._count("Monitor", workspace))
        user_deleted.connect(leaving.on_user_deleted, dispatch_uid="monitors")
        probed.register()
        health.register()
        metrics.register()
        engine_step.register()
        post_migrate.connect(_make_first_region, sender=self)
        post_migrate.connect(_make_partitions, sender=self)

    def _count(self, model: str, workspace: Any) -> int:
        return self.get_model(model)._default_manager.filter(workspace=workspace).count()


def _make_first_region(*, sender: MonitorsConfig, using: str, **_: Any) -> None:
    """The one region that every platform starts with; also where a test has emptied the tables."""
    regions = sender.get_model("Region")._default_manager.using(using)
    if not regions.exists():
        regions.create(key="default", name="Default")


def _make_partitions(*, sender: MonitorsConfig, using: str, **_: Any) -> None:
    """The coming days' partitions, so that the first results need not go to the default one."""
    from common import clock
    from monitors.upkeep import RESULTS_BY_DAY

    RESULTS_BY_DAY.tend(now=clock.now(), using=using)
