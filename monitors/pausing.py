"""Pausing and resuming monitors whose rows the caller holds, by a person or for deployments."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from accounts import audit
from accounts.actor import Actor
from common.bulk import update_rows
from monitors.kinds import kinds
from monitors.locking import Held
from monitors.models import CoveredMonitor, DeploymentState, Monitor, MonitorState
from monitors.status import Act, after_act
from monitors.transitions import Turn, change_statuses


def act(monitor: Monitor, state: MonitorState, wanted: Act, *, by: Actor, now: datetime, reason: str = "") -> bool:
    """Applies `wanted` with its audit row; returns whether it changed anything."""
    return bool(act_on_all([(monitor, state)], wanted, by=by, now=now, reasons={monitor.pk: reason}))


def act_on_all(
    held: Sequence[Held], wanted: Act, *, by: Actor, now: datetime, reasons: Mapping[int, str]
) -> list[Monitor]:
    """The same for many, in as many statements as for one; returns those that it changed.

    `reasons` has what the history says of each, by id; where it says nothing, who did it.
    """
    turns = [
        Turn(monitor, state, after_act(state.status, wanted), now, reasons.get(monitor.pk) or _said(wanted, by))
        for monitor, state in held
        if after_act(state.status, wanted) != state.status
    ]
    monitors = [turn.monitor for turn in turns]
    if monitors:
        _write(monitors, wanted, now)
        change_statuses(turns, now=now)
        audit.record_all(by=by, verb=wanted.value, targets=monitors)
    return monitors


def _said(wanted: Act, by: Actor) -> str:
    return f"{'Paused' if wanted is Act.PAUSE else 'Resumed'} by {by.label}"


def _write(monitors: Sequence[Monitor], wanted: Act, now: datetime) -> None:
    """Their own rows, and what watches each."""
    by_type: defaultdict[str, list[Monitor]] = defaultdict(list)
    for monitor in monitors:
        monitor.is_paused, monitor.updated_at = wanted is Act.PAUSE, now
        monitor.version += 1
        by_type[monitor.type].append(monitor)
    rows = [(one.pk, one.is_paused, one.version, one.updated_at) for one in monitors]
    update_rows(Monitor, "id", ("is_paused", "version", "updated_at"), rows)
    for name, ones in by_type.items():
        (kinds[name].paused if wanted is Act.PAUSE else kinds[name].resumed)(ones, now=now)


def act_by_hand(monitor: Monitor, state: MonitorState, wanted: Act, *, by: Actor, now: datetime) -> Monitor:
    """As `act`, by a person, whose word outlasts deployments: none of them resumes the monitor any more."""
    covering = CoveredMonitor.objects.filter(monitor=monitor.pk, is_auto_paused=True)
    covering.filter(deployment__state=DeploymentState.ACTIVE).update(is_auto_paused=False)
    act(monitor, state, wanted, by=by, now=now)
    return monitor
