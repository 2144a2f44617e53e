"""Hands due checks to engines: each to one of them, with a lease, so that a killed engine's checks go on elsewhere.

A lease ends by itself a while after the check's timeout. Where its engine is known to be dead (`aliveness.py`) it ends
at once.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection, transaction

from common.bulk import update_rows
from common.epoch import EpochSeconds
from common.metrics import count
from monitors.models import RegionState
from monitors.probes.base import Check, Claim
from monitors.scheduling.slots import first_slot, next_slot, slots_until
from monitors.watched import Watched, WatchedCache

# How long after its timeout a check is still believed to be under way: the second look, storing, a busy machine.
LEASE_MARGIN_SECONDS = 5.0
_LATE_SECONDS = 2.0
_CLAIMED_FIELDS = ("claimable_at", "claimed_by", "next_check_at", "skipped_slots")


class _Due(NamedTuple):
    """A region state as locked, with its monitor's version; instants are epoch seconds."""

    state_id: int
    monitor_id: int
    claimable_at: float
    claimed_by: int | None
    next_check_at: float
    consecutive_failures: int
    is_down: bool | None
    skipped_slots: int
    monitor__version: int


_DUE = [EpochSeconds(name) if name.endswith("_at") else name for name in _Due._fields[1:]]


def claim_due(*, region_id: int, run_id: int, cache: WatchedCache, now: float, until: float, limit: int) -> Claim:
    """Up to `limit` checks of a region that fall due before `until`, oldest first; times in epoch seconds.

    A slot that was missed is skipped and counted, not run twice. A lease that ran out is run within a second.
    """
    with transaction.atomic():
        due = _lock_due(region_id, until, limit)
        watched = cache.get_many({one.monitor_id: one.monitor__version for one in due})
        taken = [(one, watched[one.monitor_id]) for one in due if one.monitor_id in watched]
        checks = [_check(one, region_id, snapshot, now) for one, snapshot in taken]
        rows = [_leased(one, check, run_id, now) for (one, _), check in zip(taken, checks, strict=True)]
        update_rows(RegionState, "id", _CLAIMED_FIELDS, rows)
    if skipped := sum(after[-1] - one.skipped_slots for (one, _), after in zip(taken, rows, strict=True)):
        count("slots_skipped_total", skipped)
    return Claim(checks, more=len(due) == limit)


@transaction.atomic
def free_claims(run_ids: Sequence[int], *, now: datetime) -> int:
    """Ends the leases of engines that are gone: their checks are claimed again at once. Returns how many."""
    leased = RegionState.objects.filter(claimed_by__in=run_ids, claimable_at__isnull=False)
    ids = list(leased.order_by("pk").select_for_update().values_list("pk", flat=True))
    return RegionState.objects.filter(pk__in=ids).update(claimable_at=now)


def _lock_due(region_id: int, until: float, limit: int) -> list[_Due]:
    due = (
        RegionState.objects.filter(region_id=region_id, claimable_at__lte=datetime.fromtimestamp(until, UTC))
        .order_by("claimable_at")
        .values_list("pk", *_DUE)
    )
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True, of=("self",))
    return [_Due(*row) for row in due[:limit]]


def _check(due: _Due, region_id: int, watched: Watched, now: float) -> Check:
    return Check(
        monitor_id=due.monitor_id,
        region_id=region_id,
        type=watched.type,
        settings=watched.settings,
        scheduled_at=_scheduled_at(due, region_id, watched.interval_seconds, now),
        timeout_ms=watched.timeout_ms,
        second_look=due.consecutive_failures == 0 and due.is_down is not True,
        context=watched,
    )


def _scheduled_at(due: _Due, region_id: int, interval_seconds: int, now: float) -> float:
    """Its slot. A check whose lease ran out, or whose slot is long over, is spread over the next second instead."""
    slot = due.claimable_at
    if due.claimed_by is None and now - slot <= _LATE_SECONDS + interval_seconds:
        return slot
    return first_slot(due.monitor_id, region_id, now)


def _leased(due: _Due, check: Check, run_id: int, now: float) -> tuple[int, float, int, float, int]:
    watched: Watched = check.context
    starts = max(check.scheduled_at, now)
    lease_end = starts + watched.timeout_ms / 1000 + LEASE_MARGIN_SECONDS
    following = next_slot(due.monitor_id, check.region_id, watched.interval_seconds, starts)
    missed = slots_until(watched.interval_seconds, due.next_check_at, now)
    # Of the slots that are over one is run now, late; a check that lost its engine takes the place of none.
    skipped = due.skipped_slots + (missed if due.claimed_by is not None else max(0, missed - 1))
    return due.state_id, lease_end, run_id, following, skipped
