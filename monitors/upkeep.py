"""Work that the clock asks for: monitors that nobody looks at any more, results that are too old."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from common.partitions import DayPartitions
from monitors import status
from monitors.locking import hold_states
from monitors.models import EngineRun, Monitor, Region, RegionState, Result
from monitors.settling import LOOKED_AT, NOBODY_LOOKS, Views, views_of
from monitors.transitions import change_status

# A check that was due is given this long before its monitor is said to be unwatched: an engine may be behind.
PATIENCE = timedelta(seconds=5)
TENDED = timedelta(seconds=30)
BATCH = 500
DELETED_AT_ONCE = 5000
RESULTS_BY_DAY = DayPartitions("monitors_result", "scheduled_at")


def mark_unwatched(*, now: datetime) -> int:
    """Makes monitors without a fresh result from enough regions UNKNOWN, since when they were; returns how many."""
    return sum(_mark(monitor, now) for monitor in _unwatched(now))


def _unwatched(now: datetime) -> Iterator[Monitor]:
    """Monitors with a region whose word has run out and with too few others, in batches by id."""
    stale = RegionState.objects.filter(
        fresh_until__lt=now - PATIENCE, claimable_at__isnull=False, monitor__state__status__in=LOOKED_AT
    )
    last = 0
    while ids := _next_ids(stale.filter(monitor__gt=last)):
        last = ids[-1]
        views = views_of(ids)
        for monitor in Monitor.objects.filter(pk__in=ids).select_related("workspace", "state").order_by("pk"):
            if _is_unwatched(monitor.state.status, monitor, views[monitor.pk], now):
                yield monitor


def _next_ids(stale: "QuerySet[RegionState]") -> list[int]:
    return list(stale.order_by("monitor_id").values_list("monitor_id", flat=True).distinct()[:BATCH])


def _is_unwatched(current: str, monitor: Monitor, views: Views, now: datetime) -> bool:
    to = status.after_check(
        current, list(views.values()), quorum=monitor.quorum, fail_after=monitor.fail_after_consecutive, now=now
    )
    return to == status.UNKNOWN


@transaction.atomic
def _mark(monitor: Monitor, now: datetime) -> bool:
    """Looks again under the locks, for a result may have come in between."""
    state = hold_states(monitor.pk)
    views = views_of([monitor.pk])[monitor.pk]
    if state is None or state.status not in LOOKED_AT or not _is_unwatched(state.status, monitor, views, now):
        return False
    at = status.blind_since(list(views.values()), quorum=monitor.quorum, now=now) or now
    change = change_status(monitor=monitor, state=state, to=status.UNKNOWN, at=at, now=now, reason=NOBODY_LOOKS)
    return change is not None


def tended_regions(*, now: datetime) -> list[str]:
    """Keys of the regions that an engine looked from just now.

    The others get no ticks: nobody would take them off their queue, and an engine that starts there ticks itself. Nor
    do those where only agents look, who ask by themselves.
    """
    alive = EngineRun.objects.filter(region=OuterRef("pk"), alive_at__gt=Now() - TENDED)
    only_agents = Exists(alive.filter(is_remote=True)) & ~Exists(alive.filter(is_remote=False))
    tended = Region.objects.filter(~only_agents, is_enabled=True, last_seen_at__gt=now - TENDED)
    return list(tended.values_list("key", flat=True))


def drop_old_results(*, now: datetime) -> int:
    """Drops raw results past their retention: days at once on PostgreSQL, rows by the batch elsewhere.

    Returns how many rows went one by one.
    """
    before = now - timedelta(days=settings.RESULT_RETENTION_DAYS)
    if connection.vendor == "postgresql":
        RESULTS_BY_DAY.tend(now=now, keep_from=before)
        return RESULTS_BY_DAY.delete_strays(before=before)
    dropped = 0
    while oldest := list(Result.objects.order_by("pk").values_list("pk", "scheduled_at")[:DELETED_AT_ONCE]):
        old = [pk for pk, scheduled_at in oldest if scheduled_at < before]
        dropped += Result.objects.filter(pk__in=old).delete()[0]
        if len(old) < len(oldest):
            return dropped
    return dropped
