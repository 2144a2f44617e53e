"""Moves heartbeats on, under their locks: unsettled signals first, then the clock or a spell of blindness.

Locks are taken in one order everywhere: MonitorState by id, then HeartbeatState by id, then Dependency by id. A ping
takes HeartbeatState only.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F

from common.bulk import Within, create_rows, update_rows
from common.instants import rfc3339
from monitors.models import MonitorState, Status
from monitors.services import Turn, change_statuses
from signals import events, progress
from signals.dependency_reports import Report
from signals.events import Stored
from signals.models import Heartbeat, HeartbeatState, Signal
from signals.progress import Observed, Progress, Rules, Step
from signals.reporting import Named, Said, named_dependencies, note_reports, reports_in
from signals.shown import signal_json

AT_ONCE = 100
Clock = Callable[[Progress], None]
_MOVED = (
    "is_steady",
    "next_due_at",
    "attention_at",
    "settled_signal_id",
    "consecutive_failures",
    "open_runs",
    "last_started_at",
    "last_duration_ms",
)


class Held(NamedTuple):
    """One heartbeat whose rows this transaction has locked."""

    monitor_state: MonitorState
    state: HeartbeatState

    @property
    def heartbeat(self) -> Heartbeat:
        return self.state.heartbeat


class Move(NamedTuple):
    """What becomes of a held heartbeat: `settled` are signals to rewrite, `words` those that the platform says."""

    row: Held
    moved: Progress
    signals: list[Signal]
    settled: list[Signal]
    words: list[Signal]


@transaction.atomic
def advance(
    heartbeat_ids: Iterable[int], *, now: datetime, clock: Clock | None = None, due_by: datetime | None = None
) -> int:
    """Gives waiting signals of these heartbeats their effect, then applies `clock`; returns how many it moved.

    With `due_by` only those that still need attention by then under the lock, and none that another process holds.
    """
    rows = _hold(list(heartbeat_ids), due_by)
    waiting = _waiting(rows)
    _note_reports(rows, waiting, now)
    moves = [_move(row, waiting[row.state.pk], clock) for row in rows]
    _write(moves)
    turns = [turn for move in moves for turn in _turns(move)]
    change_statuses(turns, now=now)
    stored = [Stored(move.row.heartbeat, move.signals) for move in moves if move.signals]
    if stored:
        events.signals_stored.send(sender=Heartbeat, stored=stored, now=now)
    return len(rows)


def _note_reports(rows: Sequence[Held], waiting: dict[int, list[Signal]], now: datetime) -> None:
    reports, named = _reported(rows, waiting)
    if reports:
        watched = [row for row in rows if row.monitor_state.status != Status.PAUSED]
        pings = {
            row.state.pk: [(signal, reports[signal.pk]) for signal in waiting[row.state.pk] if signal.pk in reports]
            for row in watched
        }
        said = [Said(row.heartbeat.monitor, pings[row.state.pk]) for row in watched if pings[row.state.pk]]
        note_reports(said, named=named, now=now)


def _reported(rows: Sequence[Held], waiting: dict[int, list[Signal]]) -> tuple[dict[int, list[Report]], Named]:
    """What the waiting signals say of dependencies, and the rows of those."""
    reports = reports_in(signal for row in rows for signal in waiting[row.state.pk])
    if not reports:
        return {}, {}
    names = {
        (row.heartbeat.monitor.workspace_id, report.name)
        for row in rows
        for signal in waiting[row.state.pk]
        for report in reports.get(signal.pk, ())
    }
    return reports, named_dependencies(names)


def _hold(ids: list[int], due_by: datetime | None) -> list[Held]:
    is_sweep = due_by is not None
    monitor_states = MonitorState.objects.filter(pk__in=ids).order_by("pk")
    by_id = {one.pk: one for one in monitor_states.select_for_update(skip_locked=is_sweep, of=("self",))}
    states = HeartbeatState.objects.filter(pk__in=by_id, attention_at__isnull=False).order_by("pk")
    if due_by is not None:
        states = states.filter(attention_at__lte=due_by)
    # Settings are encrypted: to read them costs more than the rest, and nothing here needs them.
    states = states.select_related("heartbeat__monitor__workspace").defer("heartbeat__monitor__settings")
    states = states.select_for_update(of=("self",))
    return [Held(by_id[state.pk], state) for state in states]


def _waiting(rows: Sequence[Held]) -> dict[int, list[Signal]]:
    """The signals that had no effect yet, in order. None is older than `attention_at`: that keeps the search short.

    The oldest of these said once more as a value lets PostgreSQL leave the days before it alone.
    """
    if not rows:
        return {}
    found = Signal.objects.filter(
        heartbeat__in=[row.state.pk for row in rows],
        created_at__gte=min(row.state.attention_at for row in rows if row.state.attention_at),
        heartbeat__state__attention_at__lte=F("created_at"),
        id__gt=F("heartbeat__state__settled_signal_id"),
    ).order_by("id")
    by_heartbeat: dict[int, list[Signal]] = defaultdict(list)
    for signal in found:
        by_heartbeat[signal.heartbeat_id].append(signal)
    return by_heartbeat


def _move(row: Held, signals: list[Signal], clock: Clock | None) -> Move:
    moved = _progress_of(row)
    settled = [signal for signal in signals if _settle_one(moved, signal)]
    if clock is not None:
        clock(moved)
    words = [
        Signal(heartbeat=row.heartbeat, type=word.type, created_at=word.at, metadata=word.metadata)
        for word in moved.words
    ]
    return Move(row, moved, signals + words, settled, words)


def rules_of(heartbeat: Heartbeat) -> Rules:
    """What is expected of this heartbeat."""
    return Rules(
        heartbeat.schedule,
        heartbeat.grace_seconds,
        heartbeat.failure_tolerance,
        heartbeat.max_runtime_seconds,
        tuple(heartbeat.methods),
        heartbeat.filters,
    )


def _progress_of(row: Held) -> Progress:
    state = row.state
    return Progress(
        rules_of(row.heartbeat),
        row.monitor_state.status,
        state.next_due_at,
        state.consecutive_failures,
        list(state.open_runs),
        state.last_started_at,
        state.last_duration_ms,
    )


def _settle_one(moved: Progress, signal: Signal) -> bool:
    """Whether that changed what is stored of the signal."""
    rid = str(signal.rid) if signal.rid else None
    observed = Observed(signal.type, signal.created_at, signal.method, signal.payload, rid, signal.exit_status)
    verdict = progress.after_ping(moved, observed)
    if verdict.type == signal.type and verdict.duration_ms is None:
        return False
    if verdict.note:
        signal.metadata = {"sentAs": signal.type, "decidedBy": verdict.note}
    signal.type, signal.duration_ms = verdict.type, verdict.duration_ms
    return True


def _write(moves: Sequence[Move]) -> None:
    """What the moves leave in the tables of signals and of their states, in three statements for all."""
    settled = [(one.pk, one.type, one.duration_ms, one.metadata) for move in moves for one in move.settled]
    days = _span(one.created_at for move in moves for one in move.settled)
    update_rows(Signal, "id", ("type", "duration_ms", "metadata"), settled, within=days)
    create_rows(word for move in moves for word in move.words)
    for move in moves:
        _set(move.row.state, move.moved, move.signals)
    states = [(move.row.state.pk, *(getattr(move.row.state, name) for name in _MOVED)) for move in moves]
    update_rows(HeartbeatState, "heartbeat", _MOVED, states)


def _span(instants: Iterable[datetime]) -> Within | None:
    known = sorted(instants)
    return Within("created_at", known[0], known[-1]) if known else None


def _set(state: HeartbeatState, moved: Progress, signals: Sequence[Signal]) -> None:
    state.is_steady = moved.is_steady
    state.next_due_at = moved.next_due_at
    state.attention_at = moved.attention_at
    state.settled_signal_id = max([signal.pk for signal in signals], default=state.settled_signal_id)
    state.consecutive_failures = moved.failures
    state.open_runs = moved.open_runs
    state.last_started_at = moved.last_started_at
    state.last_duration_ms = moved.last_duration_ms


def _turns(move: Move) -> list[Turn]:
    row = move.row
    return [
        Turn(
            row.heartbeat.monitor, row.monitor_state, step.to, step.at, step.reason,
            _evidence(row.state, step, move.signals),
        )
        for step in move.moved.steps
    ]  # fmt: skip


def _evidence(state: HeartbeatState, step: Step, signals: Sequence[Signal]) -> dict[str, Any]:
    """What an incident keeps of a heartbeat that went down."""
    if step.to != Status.DOWN:
        return {}
    failures = [signal for signal in signals if signal.type == "FAIL" and signal.created_at <= step.at]
    last_ping_at = rfc3339(state.last_ping_at) if state.last_ping_at else None
    return {
        "cause": {"detail": step.reason, "checkedAt": rfc3339(step.at), "lastPingAt": last_ping_at},
        "first_failure": signal_json(failures[-1]) if failures else {},
        "last_good": {"lastPingAt": last_ping_at} if last_ping_at else {},
    }
