"""Finds by the clock what fell due: OK → LATE → DOWN, runs that take too long, signals a killed process left."""

import logging
import time
from datetime import datetime

from django.db import connection

from signals import progress
from signals.models import HeartbeatState, Liveness
from signals.progress import Progress
from signals.selectors import INGEST, ingest_liveness
from signals.services import BLIND_AFTER
from signals.settling import AT_ONCE, Clock, advance

log = logging.getLogger(__name__)
MOST = 500
BUDGET_SECONDS = 0.9
_IS_WANTED = """
    SELECT EXISTS (SELECT 1 FROM signals_heartbeatstate WHERE attention_at <= %s)
        OR EXISTS (SELECT 1 FROM signals_liveness WHERE blind_since IS NOT NULL)
"""


def sweep(*, now: datetime, most: int = MOST) -> int:
    """Moves on the heartbeats that need attention at `now`, `most` a claim, for about a second; returns how many.

    Several processes may sweep at once. While our own ingest is not alive its clock stands still: nobody could have
    reached us. When it is back, deadlines of the gap become UNKNOWN and move on before any other counts.
    """
    if not _is_wanted(now):
        return 0
    alive = ingest_liveness()
    if alive is not None and alive.blind_since is not None and alive.blind_until is not None:
        return _account(alive, alive.blind_since, alive.blind_until, now, most)
    if alive is None or now - alive.alive_at <= BLIND_AFTER:
        return _take(now, most, _clock_at(now), now)
    return _take(alive.alive_at + BLIND_AFTER, most, _clock_at(alive.alive_at), now)


def _is_wanted(now: datetime) -> bool:
    """Whether a deadline has passed or a gap waits: all that most sweeps do, and so not put together by the ORM."""
    with connection.cursor() as cursor:
        cursor.execute(_IS_WANTED, [connection.ops.adapt_datetimefield_value(now)])
        return bool(cursor.fetchone()[0])


def _clock_at(instant: datetime) -> Clock:
    def clock(moved: Progress) -> None:
        progress.after_time(moved, instant)

    return clock


def _take(due_by: datetime, most: int, clock: Clock, now: datetime) -> int:
    """Claims and moves on until nothing is due or the budget is spent."""
    until, total = time.monotonic() + BUDGET_SECONDS, 0
    while True:
        due = HeartbeatState.objects.filter(attention_at__lte=due_by).order_by("attention_at")
        ids = sorted(due.values_list("pk", flat=True)[:most])
        batches = [ids[first : first + AT_ONCE] for first in range(0, len(ids), AT_ONCE)]
        moved = sum(_batch(batch, due_by, clock, now) for batch in batches)
        total += moved
        if len(ids) < most or not moved or time.monotonic() > until:
            return total


def _batch(ids: list[int], due_by: datetime, clock: Clock, now: datetime) -> int:
    """One transaction; when it fails, each alone, so that one bad row holds back nobody else."""
    try:
        return advance(ids, now=now, clock=clock, due_by=due_by)
    except Exception:
        log.exception("a batch of %d heartbeats could not be moved on", len(ids))
        return sum(_batch([one], due_by, clock, now) for one in ids) if len(ids) > 1 else 0


def _account(alive: Liveness, since: datetime, until: datetime, now: datetime, most: int) -> int:
    log.warning("no ping could be received from %s to %s", since, until)

    def clock(moved: Progress) -> None:
        progress.after_blindness(moved, since, until)

    moved = _take(until, most, clock, now)
    if not HeartbeatState.objects.filter(attention_at__lte=until).exists():
        done = Liveness.objects.filter(name=INGEST, blind_since=alive.blind_since, blind_until=alive.blind_until)
        done.update(blind_since=None, blind_until=None)
    return moved
