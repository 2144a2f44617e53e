"""What the last checks of a monitor learned of their target: kept where it changes, not with every result."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from monitors.models import Facts, Monitor

DELETED_AT_ONCE = 5000


def keep_facts(rows: Sequence[tuple[int, int, datetime, Mapping[str, Any]]]) -> None:
    """Stores (monitor, region, when, facts) that are new: the last of each is what holds now."""
    if not rows:
        return
    latest = {(monitor, region): number for number, (monitor, region, _, _) in enumerate(rows)}
    monitors = {monitor for monitor, _ in latest}
    regions = {region for _, region in latest}
    current = Facts.objects.filter(monitor__in=monitors, region__in=regions, is_current=True)
    over = [pk for pk, monitor, region in current.values_list("pk", "monitor_id", "region_id")
            if (monitor, region) in latest]  # fmt: skip
    Facts.objects.filter(pk__in=over).update(is_current=False)
    Facts.objects.bulk_create(
        Facts(
            monitor_id=monitor,
            region_id=region,
            observed_at=at,
            data=dict(facts),
            is_current=latest[monitor, region] == number,
        )
        for number, (monitor, region, at, facts) in enumerate(rows)
    )


def forget_facts(monitor: Monitor) -> None:
    """Something else is watched from here on: nothing holds of it yet."""
    Facts.objects.filter(monitor=monitor, is_current=True).update(is_current=False)


def facts_since(monitor: Monitor, since: datetime) -> "Iterable[Facts]":
    """What was learned from then on, oldest first."""
    found = Facts.objects.filter(monitor=monitor, observed_at__gt=since)
    return found.select_related("region").order_by("observed_at", "pk")


def drop_old_facts(*, now: datetime) -> int:
    """Deletes what no longer holds and is past the retention of results; returns how many."""
    before = now - timedelta(days=settings.RESULT_RETENTION_DAYS)
    dropped = 0
    while True:
        old = Facts.objects.filter(is_current=False, observed_at__lt=before).values_list("pk", flat=True)
        ids = list(old.order_by("pk")[:DELETED_AT_ONCE])
        dropped += Facts.objects.filter(pk__in=ids).delete()[0]
        if len(ids) < DELETED_AT_ONCE:
            return dropped
