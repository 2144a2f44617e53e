"""What is counted about checks, and what is read about schedules and regions."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, cast

from django.conf import settings
from django.db.models import Min
from kombu import Connection

from common import clock
from common.metrics import Family, Sample, asked_gauges, count, families, observe
from monitors.models import Region, RegionState
from monitors.probes.base import Result
from monitors.scheduling.queues import probe_queue

_FAMILIES = {
    "checks_total": Family("counter", "Checks carried out.", ("type", "region", "verdict")),
    "scheduler_lag_seconds": Family("histogram", "How late checks started.", ("region",)),
    "slots_skipped_total": Family("counter", "Checks that were due and that no engine had room for."),
    "checks_in_flight": Family("gauge", "Checks under way.", ("region",)),
    "checks_held": Family("gauge", "Checks that are due and wait for a crowded address.", ("region",)),
    "loop_lag_seconds": Family("gauge", "The longest turn of an engine's loop in the last second.", ("region",), "max"),
    "results_buffered": Family("gauge", "Results that wait to be stored.", ("region",)),
    "checks_overdue_seconds": Family("gauge", "How long the most overdue check has waited.", ("region",)),
    "region_silent": Family("gauge", "1 while no engine of the region is heard.", ("region",)),
    "queue_depth": Family("gauge", "Tasks that wait in the broker.", ("queue",)),
}


def count_results(results: Sequence[Result], region: str) -> None:
    """Counts checks by type and verdict (`ok` or the class of the failure), and how late they started."""
    tally = Counter((one.check.type, "ok" if one.ok else one.failure_class or "failed") for one in results)
    for (type_, verdict), number in tally.items():
        count("checks_total", number, type=type_, region=region, verdict=verdict)
    observe("scheduler_lag_seconds", (one.lag_ms / 1000 for one in results), region=region)


def scheduling() -> Iterable[Sample]:
    """Overdue checks and silent regions."""
    now = clock.now()
    overdue = RegionState.objects.filter(claimable_at__lt=now, region__is_enabled=True)
    oldest = dict(overdue.values_list("region__key").annotate(at=Min("claimable_at")))
    for region in Region.objects.filter(is_enabled=True):
        late = (now - oldest[region.key]).total_seconds() if region.key in oldest else 0.0
        yield Sample("checks_overdue_seconds", {"region": region.key}, late)
        yield Sample("region_silent", {"region": region.key}, float(region.silent_since is not None))


def queues() -> Iterable[Sample]:
    """Lengths of the broker's lists; nothing where the broker is in process or away."""
    if not settings.REDIS_URL:
        return
    names = ["default", *(probe_queue(key) for key in Region.objects.values_list("key", flat=True))]
    with Connection(settings.CELERY_BROKER_URL, connect_timeout=2) as broker:
        client = cast(Any, broker.default_channel).client
        for name in names:
            yield Sample("queue_depth", {"queue": name}, client.llen(name))


def register() -> None:
    """Makes them known; called once, when the app is ready."""
    for name, family in _FAMILIES.items():
        families.register(name, family)
    asked_gauges.register("scheduling", scheduling)
    asked_gauges.register("queues", queues)
