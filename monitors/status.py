"""The status rules: what a monitor is in, given what is stored and one observation. No database, no network, no clock.

Rules: docs/explanation/status.md. Everything else only applies what these functions return.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

NEW, OK, LATE, DEGRADED = "NEW", "OK", "LATE", "DEGRADED"
DOWN, UNKNOWN, PAUSED, RESUMED = "DOWN", "UNKNOWN", "PAUSED", "RESUMED"
STATUSES = (NEW, OK, LATE, DEGRADED, DOWN, UNKNOWN, PAUSED, RESUMED)
FRESH_INTERVALS = 2.5
DEADLINE_BUFFER = timedelta(seconds=2)


class Act(StrEnum):
    """What an operator does to a monitor."""

    PAUSE = "pause"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Streak:
    """What one region's last checks said in a row; `is_down` is its word, None before it has one."""

    is_down: bool | None = None
    failures: int = 0
    successes: int = 0
    slow: int = 0


@dataclass(frozen=True, slots=True)
class RegionView:
    """One region as the quorum sees it."""

    streak: Streak
    fresh_until: datetime | None
    warns: bool = False  # it answers, with something to warn about: its certificate, other records


def after_result(streak: Streak, *, ok: bool, is_slow: bool, fail_after: int, resolve_after: int) -> Streak:
    """The region's streak with one more result: down after `fail_after` failures, up after `resolve_after` successes.

    The very first success is a word at once: a new monitor that answers is up. A failure says nothing about latency,
    so it neither adds to the slow ones nor ends them.
    """
    if not ok:
        failures = streak.failures + 1
        return Streak(True if failures >= fail_after else streak.is_down, failures, 0, streak.slow)
    successes = streak.successes + 1
    is_up = streak.is_down is None or successes >= resolve_after
    return Streak(False if is_up else streak.is_down, 0, successes, streak.slow + 1 if is_slow else 0)


def quorum_of(regions: int, quorum: int | None) -> int:
    """How many regions must say down: as set, else a majority, at least 2 of two or more; never more than there are."""
    return min(quorum or (1 if regions < 2 else max(2, regions // 2 + 1)), max(regions, 1))


def fresh_until(checked_at: datetime, *, interval_seconds: int) -> datetime:
    """Until when a result speaks: 2.5 intervals."""
    return checked_at + timedelta(seconds=FRESH_INTERVALS * interval_seconds)


def is_fresh(until: datetime | None, *, now: datetime) -> bool:
    """Whether a region whose word holds until `until` still speaks."""
    return until is not None and now < until


def after_check(
    current: str, regions: Sequence[RegionView], *, quorum: int | None, fail_after: int, now: datetime
) -> str:
    """The status after a check result, or after the clock found that none came.

    PAUSED stays. Enough fresh regions that say down: DOWN. Too few fresh ones to tell: UNKNOWN, except that a monitor
    not yet seen stays NEW or RESUMED. While those without a word could still make it DOWN it stays as it is. Else OK,
    or DEGRADED when enough of them are slow, or warn.
    """
    if current == PAUSED:
        return PAUSED
    needed = quorum_of(len(regions), quorum)
    views = [one for one in regions if is_fresh(one.fresh_until, now=now)]
    fresh = [one.streak for one in views]
    down = sum(one.is_down is True for one in fresh)
    if down >= needed:
        return DOWN
    if len(fresh) < needed:
        return current if current in (NEW, RESUMED) else UNKNOWN
    if down + sum(one.is_down is None for one in fresh) >= needed:
        return current
    is_slow = sum(one.slow >= fail_after for one in fresh) >= needed
    is_warned = sum(one.warns for one in views) >= needed
    return DEGRADED if is_slow or is_warned else OK


def is_slow(regions: Sequence[RegionView], *, quorum: int | None, fail_after: int, now: datetime) -> bool:
    """Whether enough fresh regions say that it is slow."""
    fresh = [one.streak for one in regions if is_fresh(one.fresh_until, now=now)]
    return sum(one.slow >= fail_after for one in fresh) >= quorum_of(len(regions), quorum)


def blind_since(regions: Sequence[RegionView], *, quorum: int | None, now: datetime) -> datetime | None:
    """When fresh regions became too few to tell, or None while they are enough and where they never were."""
    needed = quorum_of(len(regions), quorum)
    ends = sorted((one.fresh_until for one in regions if one.fresh_until is not None), reverse=True)
    if len(ends) < needed or now < ends[needed - 1]:
        return None
    return ends[needed - 1]


def after_signal(current: str, signal_type: str, *, failures: int, tolerance: int) -> str:
    """The status of a heartbeat after a signal; `failures` in a row, this one included."""
    if current == PAUSED or signal_type not in ("SUCCESS", "FAIL"):
        return current
    if signal_type == "SUCCESS":
        return OK
    return DOWN if failures > tolerance else current


def after_clock(current: str, *, next_due_at: datetime | None, grace_seconds: int, now: datetime) -> str:
    """The status of a heartbeat whose deadline is `next_due_at`: one step, OK to LATE or LATE to DOWN."""
    if next_due_at is None:
        return current
    if current in (OK, RESUMED, UNKNOWN) and now >= next_due_at + DEADLINE_BUFFER:
        return LATE
    if current == LATE and now >= next_due_at + timedelta(seconds=grace_seconds) + DEADLINE_BUFFER:
        return DOWN
    return current


def attention_after(current: str, *, next_due_at: datetime | None, grace_seconds: int) -> datetime | None:
    """When the clock can next change a heartbeat in this status, or None when it cannot."""
    if next_due_at is None or current not in (OK, RESUMED, UNKNOWN, LATE):
        return None
    return next_due_at + DEADLINE_BUFFER + (timedelta(seconds=grace_seconds) if current == LATE else timedelta())


def after_act(current: str, act: Act) -> str:
    """The status after an operator's act: pausing is always possible, resuming only from PAUSED."""
    if act is Act.PAUSE:
        return PAUSED
    return RESUMED if current == PAUSED else current
