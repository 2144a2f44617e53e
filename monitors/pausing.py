"""Pausing and resuming a monitor whose rows the caller holds, by a person or for a deployment."""

from datetime import datetime

from accounts import audit
from accounts.actor import Actor
from monitors.kinds import kinds
from monitors.models import CoveredMonitor, DeploymentState, Monitor, MonitorState
from monitors.status import Act, after_act
from monitors.transitions import change_status


def act(monitor: Monitor, state: MonitorState, wanted: Act, *, by: Actor, now: datetime, reason: str = "") -> bool:
    """Applies `wanted` with its audit row; returns whether it changed anything."""
    monitor.state = state
    to = after_act(state.status, wanted)
    if to == state.status:
        return False
    monitor.is_paused = wanted is Act.PAUSE
    monitor.version += 1
    monitor.save(update_fields=["is_paused", "version", "updated_at"])
    kind = kinds[monitor.type]
    (kind.paused if monitor.is_paused else kind.resumed)(monitor, now=now)
    said = reason or f"{'Paused' if monitor.is_paused else 'Resumed'} by {by.label}"
    change_status(monitor=monitor, state=state, to=to, at=now, now=now, reason=said)
    audit.record(by=by, workspace=monitor.workspace, verb=wanted.value, target=monitor)
    return True


def act_by_hand(monitor: Monitor, state: MonitorState, wanted: Act, *, by: Actor, now: datetime) -> Monitor:
    """As `act`, by a person, whose word outlasts deployments: none of them resumes the monitor any more."""
    covering = CoveredMonitor.objects.filter(monitor=monitor.pk, is_auto_paused=True)
    covering.filter(deployment__state=DeploymentState.ACTIVE).update(is_auto_paused=False)
    act(monitor, state, wanted, by=by, now=now)
    return monitor
