"""Incidents about targets that answer: certificates and registrations that end (SSL), other records (DNS), slowness."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents import holding, services
from incidents.models import HeldIncident, Incident, Kind, Severity, State
from monitors.models import Monitor
from monitors.planned import held_back

_OVER = {
    Kind.SSL: "It is well again",
    Kind.DNS: "The answer is as expected again",
    Kind.LATENCY: "Latency is back under its threshold",
}
_RANKS = [Severity.WARNING, Severity.MINOR, Severity.MAJOR, Severity.CRITICAL]
Judged = Mapping[str, Any]


def on_warnings_judged(
    *,
    monitor: Monitor,
    warnings: Mapping[str, Judged],
    evidence: Mapping[str, Any],
    at: datetime,
    now: datetime,
    **_: object,
) -> None:
    """One open incident of a kind: opened, raised as its day comes nearer, resolved when its cause is gone.

    Sent only while the monitor answers: what is down absorbs these.
    """
    opened = {one.kind: one for one in monitor.incidents.exclude(state=State.RESOLVED).filter(kind__in=_OVER)}
    for kind, over in _OVER.items():
        warning, incident = warnings.get(kind), opened.get(kind)
        if warning is None:
            holding.drop(monitor, kind)
            if incident is not None:
                services.resolve_incident(incident=incident, now=now, reason=over)
        elif incident is None:
            _open(monitor, kind, warning, evidence, at, now)
        elif incident.cause.get("key") in (None, warning["key"]):
            _raise(incident, monitor, warning, now)
        else:
            services.resolve_incident(incident=incident, now=now, reason="Another one took its place")
            _open(monitor, kind, warning, evidence, at, now)


def _open(
    monitor: Monitor, kind: Kind, warning: Judged, evidence: Mapping[str, Any], at: datetime, now: datetime
) -> None:
    """Held back where planned work covers it."""
    cause = {**evidence.get("cause", {}), "detail": warning["detail"], "key": warning["key"]}
    found = HeldIncident(
        monitor=monitor,
        kind=kind,
        severity=warning["severity"],
        title=title_of(monitor, warning["detail"]),
        started_at=at,
        evidence={**evidence, "cause": cause},
    )
    if held_by := held_back(monitor, now):
        holding.hold(found, held_by=held_by)
    else:
        holding.open_held(found, now=now)


def _raise(incident: Incident, monitor: Monitor, warning: Judged, now: datetime) -> None:
    """Only ever upwards: a person who lowered it saw why, until the next day passes."""
    if incident.kind == Kind.LATENCY or warning["detail"] == incident.cause.get("detail"):
        return
    is_worse = _RANKS.index(Severity(warning["severity"])) > _RANKS.index(Severity(incident.severity))
    if is_worse:
        services.raise_severity(
            incident=incident,
            severity=warning["severity"],
            title=title_of(monitor, warning["detail"]),
            detail=warning["detail"],
            now=now,
        )


def title_of(monitor: Monitor, detail: str) -> str:
    """ "Shop: the certificate expires in 12 days, on 2026-03-14 12:00 UTC"."""
    return f"{monitor.name}: {detail[:1].lower()}{detail[1:].rstrip('.')}"[:200]
