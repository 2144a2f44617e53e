"""What a change of a monitor's status, or of what it depends on, does to its incidents, in the same transaction."""

from datetime import datetime
from typing import Any

from django.db.models import Value
from django.db.models.functions import Replace

from accounts.leaving import NOBODY
from accounts.models import Workspace
from common.instants import rfc3339
from incidents import holding, services
from incidents.models import HeldIncident, Kind, Severity, State, TimelineEvent
from incidents.titles import title_of
from monitors.models import Deployment, Monitor, Status, StatusChange
from monitors.planned import held_back
from signals.models import Dependency

# A status that says nothing about the cause leaves its incident open.
_HEALTHY = {Status.OK, Status.DEGRADED}


def on_status_changed(
    *, monitor: Monitor, change: StatusChange, evidence: dict[str, Any], now: datetime, **_: object
) -> None:
    """DOWN opens a DOWNTIME, DEGRADED a LATENCY incident; health closes what it heals. DOWNTIME absorbs LATENCY.

    What planned work covers is held back instead of opened.
    """
    if change.after == Status.DOWN:
        _resolve(monitor, Kind.LATENCY, now, "Became downtime")
        _open(monitor, Kind.DOWNTIME, Severity.CRITICAL, change, evidence, now)
    elif change.after in _HEALTHY:
        _resolve(monitor, Kind.DOWNTIME, now, _recovered(monitor))
        if change.after == Status.DEGRADED:
            _open(monitor, Kind.LATENCY, Severity.WARNING, change, evidence, now)
        else:
            _resolve(monitor, Kind.LATENCY, now, "Latency is back under its threshold")
    elif change.after == Status.PAUSED:
        for kind in (Kind.DOWNTIME, Kind.LATENCY, Kind.DEPENDENCY_DOWN):
            _resolve(monitor, kind, now, "Monitor was paused")


def on_deployment_ended(*, deployment: Deployment, monitors: list[Monitor], now: datetime, **_: object) -> None:
    """What the deployment held back and still fails opens."""
    holding.release_of(monitors, now=now)


def on_dependency_judged(
    *, dependency: Dependency, monitor: Monitor, is_down: bool, at: datetime, reason: str, now: datetime, **_: object
) -> None:
    """One DEPENDENCY_DOWN incident for each check and dependency that the check says is down."""
    subject = f"dependency:{dependency.pk}"
    if not is_down:
        _resolve(monitor, Kind.DEPENDENCY_DOWN, now, reason, subject)
        return
    services.open_incident(
        workspace=monitor.workspace,
        monitor=monitor,
        kind=Kind.DEPENDENCY_DOWN,
        subject=subject,
        severity=Severity.WARNING,
        title=f"{monitor.name}: {dependency.name} is down",
        started_at=at,
        now=now,
        cause={
            "detail": reason,
            "dependency": dependency.name,
            "dependencyId": dependency.pk,
            "checkedAt": rfc3339(at),
        },
    )


def _open(
    monitor: Monitor, kind: Kind, severity: Severity, change: StatusChange, evidence: dict[str, Any], now: datetime
) -> None:
    title = title_of(monitor, kind, evidence)[:200]
    found = HeldIncident(
        monitor=monitor, kind=kind, severity=severity, title=title, started_at=change.at, evidence=evidence
    )
    if held_by := held_back(monitor, now):
        holding.hold(found, held_by=held_by)
    else:
        holding.open_held(found, now=now)


def _resolve(monitor: Monitor, kind: str, now: datetime, reason: str, subject: str | None = None) -> None:
    holding.drop(monitor, kind)
    found = monitor.incidents.filter(kind=kind).exclude(state=State.RESOLVED)
    for incident in found if subject is None else found.filter(subject=subject):
        services.resolve_incident(incident=incident, now=now, reason=reason)


def _recovered(monitor: Monitor) -> str:
    return "A ping arrived" if monitor.type == "heartbeat" else "The check succeeds again"


def on_user_deleted(*, address: str, workspaces: list[Workspace], **_: object) -> None:
    """Timelines keep what was done, without the address of who has left."""
    lines = TimelineEvent.objects.filter(incident__workspace__in=workspaces, message__contains=address)
    lines.update(message=Replace("message", Value(address), Value(NOBODY)))
