"""What a change of a monitor's status, or of what it depends on, does to its incidents, in the same transaction."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Value
from django.db.models.functions import Replace

from accounts.leaving import NOBODY
from accounts.models import Workspace
from common.instants import rfc3339
from incidents import holding, services
from incidents.models import HeldIncident, Kind, Severity, TimelineEvent
from incidents.titles import title_of
from monitors.events import Changed
from monitors.models import Deployment, Monitor, Status
from signals.models import Dependency

_OPENS: dict[str, tuple[Kind, Severity]] = {
    Status.DOWN: (Kind.DOWNTIME, Severity.CRITICAL),
    Status.DEGRADED: (Kind.LATENCY, Severity.WARNING),
}
# What an open DOWNTIME takes over.
ABSORBED = (Kind.LATENCY, Kind.SSL, Kind.DNS)


def on_statuses_changed(*, changes: Sequence[Changed], now: datetime, **_: object) -> None:
    """DOWN opens a DOWNTIME, DEGRADED a LATENCY incident; health closes what it heals. DOWNTIME absorbs LATENCY.

    What planned work covers is held back instead of opened.
    """
    holding.end({one.monitor.pk: closing for one in changes if (closing := _closing(one))}, now=now)
    holding.open_or_hold([opening for one in changes if (opening := _opening(one))], now=now)


def _closing(one: Changed) -> dict[str, str]:
    """The kinds that a change ends, with the reason."""
    if one.change.after == Status.DOWN:
        return dict.fromkeys(ABSORBED, "Became downtime")
    if one.change.after == Status.DEGRADED:
        return {Kind.DOWNTIME: _recovered(one.monitor)}
    if one.change.after == Status.OK:
        return {Kind.DOWNTIME: _recovered(one.monitor), Kind.LATENCY: "Latency is back under its threshold"}
    if one.change.after == Status.PAUSED:
        return dict.fromkeys((Kind.DOWNTIME, *ABSORBED, Kind.DEPENDENCY_DOWN), "Monitor was paused")
    # A status that says nothing about the cause leaves its incident open.
    return {}


def _opening(one: Changed) -> HeldIncident | None:
    """What a change opens, unless it is held back; what is DEGRADED by its warnings opens those (`warnings.py`)."""
    after = one.change.after
    if after not in _OPENS or (after == Status.DEGRADED and not one.evidence.get("is_slow", True)):
        return None
    kind, severity = _OPENS[after]
    return HeldIncident(
        monitor=one.monitor,
        kind=kind,
        severity=severity,
        title=title_of(one.monitor, kind, one.evidence)[:200],
        started_at=one.change.at,
        evidence=dict(one.evidence),
    )


def on_deployment_ended(*, deployment: Deployment, monitors: list[Monitor], now: datetime, **_: object) -> None:
    """What the deployment held back and still fails opens."""
    holding.release_of(monitors, now=now)


def on_dependency_judged(
    *, dependency: Dependency, monitor: Monitor, is_down: bool, at: datetime, reason: str, now: datetime, **_: object
) -> None:
    """One DEPENDENCY_DOWN incident for each check and dependency that the check says is down."""
    subject = f"dependency:{dependency.pk}"
    if not is_down:
        holding.end({monitor.pk: {Kind.DEPENDENCY_DOWN: reason}}, now=now, subject=subject)
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


def _recovered(monitor: Monitor) -> str:
    return "A ping arrived" if monitor.type == "heartbeat" else "The check succeeds again"


def on_user_deleted(*, address: str, workspaces: list[Workspace], **_: object) -> None:
    """Timelines keep what was done, without the address of who has left."""
    lines = TimelineEvent.objects.filter(incident__workspace__in=workspaces, message__contains=address)
    lines.update(message=Replace("message", Value(address), Value(NOBODY)))
