"""Runs of a job that have begun and not ended: how an end finds its start, and which ran too long. Pure.

A run is `[rid or None, started (epoch seconds), whether it was said to run too long]`, as HeartbeatState keeps it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Run = list[Any]
MOST_OPEN = 20


def begun(runs: Sequence[Run], *, rid: str | None, at: datetime) -> list[Run]:
    """The open runs with one more; the oldest is forgotten when there are too many."""
    return [*runs, [rid, at.timestamp(), False]][-MOST_OPEN:]


def ended(runs: Sequence[Run], *, rid: str | None) -> tuple[list[Run], datetime | None]:
    """The runs still open after an end, and when the ended one began (None when no start was seen).

    An end with a rid pairs with the start of that rid, else with the last start without one. An end without a rid
    pairs with the last start, and nothing can end what began before it.
    """
    paired = _last(runs, lambda run: rid is None or run[0] == rid)
    if paired is None and rid is not None:
        paired = _last(runs, lambda run: run[0] is None)
    if paired is None:
        return list(runs), None
    started_at = datetime.fromtimestamp(paired[1], UTC)
    return ([] if rid is None else [run for run in runs if run is not paired]), started_at


def _last(runs: Sequence[Run], accepts: Any) -> Run | None:
    return next((run for run in reversed(runs) if accepts(run)), None)


def next_deadline(runs: Sequence[Run], max_runtime_seconds: int | None) -> datetime | None:
    """When the first open run will have run too long; None when none can."""
    if max_runtime_seconds is None:
        return None
    started = [run[1] for run in runs if not run[2]]
    return datetime.fromtimestamp(min(started), UTC) + timedelta(seconds=max_runtime_seconds) if started else None


def overdue(runs: Sequence[Run], *, max_runtime_seconds: int | None, at: datetime) -> tuple[list[Run], list[Run]]:
    """The runs with those marked that began `max_runtime_seconds` or longer before `at`, and those newly marked."""
    if max_runtime_seconds is None:
        return list(runs), []
    latest = at.timestamp() - max_runtime_seconds
    newly = [run for run in runs if not run[2] and run[1] <= latest]
    return [[rid, started, is_long or started <= latest] for rid, started, is_long in runs], newly
