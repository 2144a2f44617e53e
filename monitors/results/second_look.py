"""The second look from elsewhere: a region's first failure makes another region look at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet

from monitors.models import RegionState
from monitors.results.counting import Counted, instant

# A region that no engine was heard in for so long is not asked: nobody would look.
HEARD = timedelta(seconds=30)


def ask_elsewhere(counted: Sequence[Counted], now: datetime) -> int:
    """For each first failure makes one other region's next check due at once; returns how many.

    Asked is a region that is enabled, heard, free and has no failure of its own yet, the one that looked longest ago.
    What it finds counts as any of its checks. Rows that another engine holds are passed over, for they are being
    looked at, and waiting for them could be waiting for each other.
    """
    failed = {one.before.monitor_id: one for one in counted if _is_first_failure(one)}
    if not failed:
        return 0
    asked: dict[int, int] = {}
    for pk, monitor_id, region_id, looked_at in _free(list(failed), now):
        first = failed[monitor_id]
        is_older = looked_at is None or looked_at < instant(first.result.started_at)
        if monitor_id not in asked and region_id != first.before.region_id and is_older:
            asked[monitor_id] = pk
    return RegionState.objects.filter(pk__in=asked.values()).update(claimable_at=now)


def _is_first_failure(one: Counted) -> bool:
    is_news = one.streak.failures == 1 and one.before.is_down is not True
    return is_news and one.result.failure_class != "blocked"


def _free(monitor_ids: list[int], now: datetime) -> "QuerySet[RegionState, tuple[int, int, int, datetime | None]]":
    states = RegionState.objects.filter(
        monitor__in=monitor_ids,
        region__is_enabled=True,
        region__last_seen_at__gt=now - HEARD,
        claimed_by=None,
        claimable_at__gt=now,
        consecutive_failures=0,
    )
    if connection.features.has_select_for_update_skip_locked:
        states = states.select_for_update(skip_locked=True, of=("self",))
    return states.order_by("last_checked_at", "pk").values_list("pk", "monitor_id", "region_id", "last_checked_at")
