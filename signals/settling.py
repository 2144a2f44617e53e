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

from common.instants import rfc3339
from monitors.models import MonitorState, Status
from monitors.services import change_status
from signals import events, progress
from signals.dependency_reports import Report
from signals.models import Heartbeat, HeartbeatState, Signal
from signals.progress import Observed, Progress, Rules, Step
from signals.reporting import Named, named_dependencies, note_reports, reports_in
from signals.shown import signal_json

AT_ONCE = 20
Clock = Callable[[Progress], None]


class Held(NamedTuple):
    """One heartbeat whose rows this transaction has locked."""

    monitor_state: MonitorState
    state: HeartbeatState

    @property
    def heartbeat(self) -> Heartbeat:
        return self.state.heartbeat


@transaction.atomic
def advance(
    heartbeat_ids: Iterable[int], *, now: datetime, clock: Clock | None = None, due_by: datetime | None = None
) -> int:
    """Gives waiting signals of these heartbeats their effect, then applies `clock`; returns how many it moved.

    With `due_by` only those that still need attention by then under the lock, and none that another process holds.
    """
    rows = _hold(list(heartbeat_ids), due_by)
    waiting = _waiting(rows)
    reports, named = _reported(rows, waiting)
    for row in rows:
        signals = waiting[row.state.pk]
        if reports and row.monitor_state.status != Status.PAUSED:
            note_reports(monitor=row.heartbeat.monitor, signals=signals, reports=reports, named=named, now=now)
        _move(row, signals, clock, now)
    return len(rows)


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
    states = states.select_related("heartbeat__monitor__workspace").select_for_update(of=("self",))
    return [Held(by_id[state.pk], state) for state in states]


def _waiting(rows: Sequence[Held]) -> dict[int, list[Signal]]:
    """The signals that had no effect yet, in order. None is older than `attention_at`: that keeps the search short."""
    found = Signal.objects.filter(
        heartbeat__in=[row.state.pk for row in rows],
        created_at__gte=F("heartbeat__state__attention_at"),
        id__gt=F("heartbeat__state__settled_signal_id"),
    ).order_by("id")
    by_heartbeat: dict[int, list[Signal]] = defaultdict(list)
    for signal in found:
        by_heartbeat[signal.heartbeat_id].append(signal)
    return by_heartbeat


def _move(row: Held, signals: list[Signal], clock: Clock | None, now: datetime) -> None:
    moved = _progress_of(row)
    for signal in signals:
        _settle_one(moved, signal)
    if clock is not None:
        clock(moved)
    signals = signals + _write_words(row.heartbeat, moved)
    _write(row.state, moved, signals)
    for step in moved.steps:
        evidence = _evidence(row.state, step, signals)
        change_status(
            monitor=row.heartbeat.monitor, state=row.monitor_state, to=step.to, at=step.at, now=now,
            reason=step.reason, evidence=evidence,
        )  # fmt: skip
    if signals:
        events.signals_stored.send(sender=Heartbeat, heartbeat=row.heartbeat, signals=signals, now=now)


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


def _settle_one(moved: Progress, signal: Signal) -> None:
    rid = str(signal.rid) if signal.rid else None
    observed = Observed(signal.type, signal.created_at, signal.method, signal.payload, rid, signal.exit_status)
    verdict = progress.after_ping(moved, observed)
    if verdict.type == signal.type and verdict.duration_ms is None:
        return
    if verdict.note:
        signal.metadata = {"sentAs": signal.type, "decidedBy": verdict.note}
    signal.type, signal.duration_ms = verdict.type, verdict.duration_ms
    signal.save(update_fields=["type", "duration_ms", "metadata"])


def _write_words(heartbeat: Heartbeat, moved: Progress) -> list[Signal]:
    return [
        Signal.objects.create(heartbeat=heartbeat, type=word.type, created_at=word.at, metadata=word.metadata)
        for word in moved.words
    ]


def _write(state: HeartbeatState, moved: Progress, signals: Sequence[Signal]) -> None:
    state.is_steady = moved.is_steady
    state.next_due_at = moved.next_due_at
    state.attention_at = moved.attention_at
    state.settled_signal_id = max([signal.pk for signal in signals], default=state.settled_signal_id)
    state.consecutive_failures = moved.failures
    state.open_runs = moved.open_runs
    state.last_started_at = moved.last_started_at
    state.last_duration_ms = moved.last_duration_ms
    state.save(
        update_fields=[
            "is_steady",
            "next_due_at",
            "attention_at",
            "settled_signal_id",
            "consecutive_failures",
            "open_runs",
            "last_started_at",
            "last_duration_ms",
        ]
    )


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
