"""Work that the clock asks for: monitors that nobody looks at any more, results that are too old."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from common.partitions import DayPartitions
from monitors import status
from monitors.locking import hold_all_states
from monitors.models import EngineRun, Monitor, MonitorState, Region, RegionState, Result
from monitors.results.settling import LOOKED_AT, NOBODY_LOOKS, views_of
from monitors.transitions import Turn, change_statuses

log = logging.getLogger(__name__)

# A check that was due is given this long before its monitor is said to be unwatched: an engine may be behind.
PATIENCE = timedelta(seconds=5)
TENDED = timedelta(seconds=30)
BATCH = 500
DELETED_AT_ONCE = 5000
RESULTS_BY_DAY = DayPartitions("monitors_result", "scheduled_at")


def mark_unwatched(*, now: datetime) -> int:
    """Makes monitors without a fresh result from enough regions UNKNOWN, since when they were; returns how many.

    A batch in one transaction, in a few queries; when it fails each alone, so that one bad row holds back nobody else.
    """
    stale = RegionState.objects.filter(
        fresh_until__lt=now - PATIENCE, claimable_at__isnull=False, monitor__state__status__in=LOOKED_AT
    )
    marked, last = 0, 0
    while ids := _next_ids(stale.filter(monitor__gt=last)):
        last = ids[-1]
        marked += _mark_batch(ids, now)
    return marked


def _next_ids(stale: "QuerySet[RegionState]") -> list[int]:
    return list(stale.order_by("monitor_id").values_list("monitor_id", flat=True).distinct()[:BATCH])


def _mark_batch(ids: Sequence[int], now: datetime) -> int:
    try:
        return _mark(ids, now)
    except Exception:
        log.exception("%d monitors that nobody looks at could not be marked", len(ids))
        return sum(_mark_batch([one], now) for one in ids) if len(ids) > 1 else 0


@transaction.atomic
def _mark(ids: Iterable[int], now: datetime) -> int:
    """Looks first without locks, then again under them: a result may have come in between."""
    monitors = Monitor.objects.select_related("workspace").defer("settings").in_bulk(ids)
    seen = _unwatched(monitors, MonitorState.objects.filter(pk__in=monitors), now)
    turns = _unwatched(monitors, hold_all_states(turn.state.pk for turn in seen), now) if seen else []
    return len(change_statuses(turns, now=now))


def _unwatched(monitors: Mapping[int, Monitor], states: Iterable[MonitorState], now: datetime) -> list[Turn]:
    """A turn to UNKNOWN for each monitor with too few regions whose word still counts."""
    looked_at = [state for state in states if state.status in LOOKED_AT]
    views = views_of([state.pk for state in looked_at])
    turns = []
    for state in looked_at:
        monitor, seen = monitors[state.pk], list(views[state.pk].values())
        to = status.after_check(
            state.status, seen, quorum=monitor.quorum, fail_after=monitor.fail_after_consecutive, now=now
        )
        if to == status.UNKNOWN:
            since = status.blind_since(seen, quorum=monitor.quorum, now=now) or now
            turns.append(Turn(monitor, state, to, since, NOBODY_LOOKS))
    return turns


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
