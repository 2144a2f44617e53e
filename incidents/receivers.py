"""What a change of a monitor's status, or of what it depends on, does to its incidents, in the same transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from common.instants import rfc3339
from incidents import holding, services
from incidents.models import HeldIncident, Incident, Kind, Severity, State
from incidents.titles import title_of
from monitors.events import Changed
from monitors.models import Deployment, Monitor, Status
from monitors.planned import all_held_back
from signals.models import Dependency

_OPENS: dict[str, tuple[Kind, Severity]] = {
    Status.DOWN: (Kind.DOWNTIME, Severity.CRITICAL),
    Status.DEGRADED: (Kind.LATENCY, Severity.WARNING),
}


def on_statuses_changed(*, changes: Sequence[Changed], now: datetime, **_: object) -> None:
    """DOWN opens a DOWNTIME, DEGRADED a LATENCY incident; health closes what it heals. DOWNTIME absorbs LATENCY.

    What planned work covers is held back instead of opened.
    """
    _resolve({one.monitor.pk: closing for one in changes if (closing := _closing(one))}, now)
    _open([opening for one in changes if (opening := _opening(one))], now)


def _closing(one: Changed) -> dict[str, str]:
    """The kinds that a change ends, with the reason."""
    if one.change.after == Status.DOWN:
        return {Kind.LATENCY: "Became downtime"}
    if one.change.after == Status.DEGRADED:
        return {Kind.DOWNTIME: _recovered(one.monitor)}
    if one.change.after == Status.OK:
        return {Kind.DOWNTIME: _recovered(one.monitor), Kind.LATENCY: "Latency is back under its threshold"}
    if one.change.after == Status.PAUSED:
        return dict.fromkeys((Kind.DOWNTIME, Kind.LATENCY, Kind.DEPENDENCY_DOWN), "Monitor was paused")
    # A status that says nothing about the cause leaves its incident open.
    return {}


def _opening(one: Changed) -> HeldIncident | None:
    """What a change opens, unless it is held back."""
    if one.change.after not in _OPENS:
        return None
    kind, severity = _OPENS[one.change.after]
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
        _resolve({monitor.pk: {Kind.DEPENDENCY_DOWN: reason}}, now, subject)
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


def _open(found: Sequence[HeldIncident], now: datetime) -> None:
    if not found:
        return
    held = all_held_back([one.monitor_id for one in found], now)
    for one in found:
        one.held_by = held.get(one.monitor_id, "")[:300]
    if held:
        holding.hold([one for one in found if one.held_by])
    holding.open_held([one for one in found if not one.held_by], now=now)


def _resolve(kinds: Mapping[int, Mapping[str, str]], now: datetime, subject: str | None = None) -> None:
    """Ends what is held or open of these kinds; `kinds` has a reason for each, by the id of the monitor."""
    if not kinds:
        return
    holding.drop(kinds)
    found = Incident.objects.filter(monitor__in=kinds).exclude(state=State.RESOLVED)
    found = found if subject is None else found.filter(subject=subject)
    rows = found.values_list("pk", "monitor_id", "kind")
    reasons = {pk: kinds[monitor][kind] for pk, monitor, kind in rows if monitor and kind in kinds[monitor]}
    if reasons:
        services.resolve_incidents(reasons, now=now)


def _recovered(monitor: Monitor) -> str:
    return "A ping arrived" if monitor.type == "heartbeat" else "The check succeeds again"
