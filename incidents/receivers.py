"""What a change of a monitor's status, or of what it depends on, does to its incidents, in the same transaction."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Value
from django.db.models.functions import Replace

from accounts.leaving import NOBODY
from accounts.models import Workspace
from common.instants import rfc3339
from incidents import holding, services
from incidents.models import HeldIncident, Incident, Kind, Severity, State, TimelineEvent
from incidents.opening import Opening, open_incidents
from incidents.titles import title_of
from monitors.events import Changed, Moved
from monitors.models import Monitor, Status
from signals.events import DependencyJudged

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


def on_deployments_ended(*, moved: Sequence[Moved], now: datetime, **_: object) -> None:
    """What the deployments held back and still fails opens."""
    holding.release_of({monitor.pk for one in moved for monitor in one.monitors}, now=now)


def on_dependencies_judged(*, judged: Sequence[DependencyJudged], now: datetime, **_: object) -> None:
    """One DEPENDENCY_DOWN incident for each check and dependency that the check says is down."""
    reasons = {(one.monitor.pk, _subject(one)): one.reason for one in judged if not one.is_down}
    if reasons:
        among = Incident.objects.filter(kind=Kind.DEPENDENCY_DOWN, monitor__in={monitor for monitor, _ in reasons})
        rows = among.exclude(state=State.RESOLVED).values_list("pk", "monitor_id", "subject")
        closing = {pk: reasons[monitor or 0, said] for pk, monitor, said in rows if (monitor, said) in reasons}
        services.resolve_incidents(closing, now=now)
    open_incidents([_unavailable(one) for one in judged if one.is_down], now=now)


def _unavailable(one: DependencyJudged) -> Opening:
    return Opening(
        workspace=one.monitor.workspace,
        monitor=one.monitor,
        kind=Kind.DEPENDENCY_DOWN,
        subject=_subject(one),
        severity=Severity.WARNING,
        title=f"{one.monitor.name}: {one.dependency.name} is down",
        started_at=one.at,
        cause={
            "detail": one.reason,
            "dependency": one.dependency.name,
            "dependencyId": one.dependency.pk,
            "checkedAt": rfc3339(one.at),
        },
    )


def _subject(one: DependencyJudged) -> str:
    return f"dependency:{one.dependency.pk}"


def _recovered(monitor: Monitor) -> str:
    return "A ping arrived" if monitor.type == "heartbeat" else "The check succeeds again"


def on_user_deleted(*, address: str, workspaces: list[Workspace], **_: object) -> None:
    """Timelines keep what was done, without the address of who has left."""
    lines = TimelineEvent.objects.filter(incident__workspace__in=workspaces, message__contains=address)
    lines.update(message=Replace("message", Value(address), Value(NOBODY)))
