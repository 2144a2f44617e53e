"""What is about to go wrong, or is wrong without an incident: for Home, in a constant number of queries."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from accounts.models import Workspace
from incidents.models import Incident, State
from monitors.models import Monitor, RegionState, Status
from signals.models import HeartbeatState

CERTIFICATE_DAYS = timedelta(days=30)
SOON = timedelta(minutes=15)
RARE_SECONDS = 3600  # a job that reports more often than this is always about to report
MOST = 8


@dataclass(frozen=True, slots=True)
class Warned:
    """One line: the monitor, the status whose face it wears, what is said, and the moment that counts."""

    monitor: Monitor
    face: str
    text: str
    at: datetime | None


def outlook(workspace: Workspace, *, now: datetime) -> list[Warned]:
    """Trouble without an open incident, late and soon expected heartbeats, certificates within 30 days of expiry."""
    found = [*_troubled(workspace), *_expected(workspace, now), *_certificates(workspace, now)]
    return found[:MOST]


def _troubled(workspace: Workspace) -> Iterator[Warned]:
    is_open = Incident.objects.filter(monitor=OuterRef("pk")).exclude(state=State.RESOLVED)
    wrong = (Status.DOWN, Status.DEGRADED, Status.UNKNOWN, Status.LATE)
    found = Monitor.objects.in_workspace(workspace).filter(~Exists(is_open), state__status__in=wrong)
    for monitor in found.select_related("state", "heartbeat__state").order_by("state__status_since")[:MOST]:
        yield _trouble(monitor)


def _trouble(monitor: Monitor) -> Warned:
    status = monitor.state.status
    if status == Status.LATE:
        due = monitor.heartbeat.state.next_due_at
        grace = timedelta(seconds=monitor.heartbeat.grace_seconds)
        return Warned(monitor, status, "Late: without a ping it is down", due + grace if due else None)
    if status == Status.UNKNOWN:
        return Warned(monitor, status, "Nobody has been able to look since", monitor.state.status_since)
    return Warned(monitor, status, f"{status.capitalize()} without an open incident, since", monitor.state.status_since)


def _expected(workspace: Workspace, now: datetime) -> Iterator[Warned]:
    is_rare = Q(interval_seconds=None) | Q(interval_seconds__gte=RARE_SECONDS)
    states = HeartbeatState.objects.in_workspace(workspace).filter(
        is_rare, heartbeat__monitor__state__status=Status.OK, next_due_at__gt=now, next_due_at__lte=now + SOON
    )
    for state in states.select_related("heartbeat__monitor").order_by("next_due_at")[:MOST]:
        yield Warned(state.heartbeat.monitor, Status.OK, "A ping is expected", state.next_due_at)


def _certificates(workspace: Workspace, now: datetime) -> Iterator[Warned]:
    states = RegionState.objects.in_workspace(workspace).filter(
        certificate_expires_at__lte=now + CERTIFICATE_DAYS, monitor__is_paused=False
    )
    seen: set[int] = set()
    for state in states.select_related("monitor").order_by("certificate_expires_at")[: 4 * MOST]:
        if state.monitor_id not in seen:
            seen.add(state.monitor_id)
            assert state.certificate_expires_at is not None
            word = "expires" if state.certificate_expires_at > now else "has expired"
            yield Warned(state.monitor, Status.LATE, f"Its certificate {word}", state.certificate_expires_at)
