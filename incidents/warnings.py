"""Incidents about targets that answer: certificates and registrations that end (SSL), other records (DNS), slowness."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from incidents import holding
from incidents.models import HeldIncident, Incident, Kind, State
from incidents.raising import Raise, is_worse, raise_incidents
from monitors.events import Judged
from monitors.models import Monitor

_OVER = {
    Kind.SSL: "It is well again",
    Kind.DNS: "The answer is as expected again",
    Kind.LATENCY: "Latency is back under its threshold",
}
_ANOTHER = "Another one took its place"
_Warning = Mapping[str, Any]


def on_warnings_judged(*, judged: Sequence[Judged], now: datetime, **_: object) -> None:
    """One open incident of a kind: opened, raised as its day comes nearer, resolved when its cause is gone.

    Sent only while the monitors answer: what is down absorbs these.
    """
    opened = _opened(judged)
    holding.end({one.monitor.pk: _over(one, opened[one.monitor.pk]) for one in judged}, now=now)
    news = [_found(one, kind) for one in judged for kind in _new(one, opened[one.monitor.pk])]
    holding.open_or_hold(news, now=now)
    found = [
        (incident, one.monitor, one.warnings[kind])
        for one in judged
        for kind, incident in opened[one.monitor.pk].items()
        if kind in one.warnings and not _is_another(incident, one.warnings[kind])
    ]
    raise_incidents([_raise(*each) for each in found if _has_come_nearer(each[0], each[2])], now=now)


def _opened(judged: Sequence[Judged]) -> Mapping[int, dict[str, Incident]]:
    """The open incidents of these kinds, by the id of the monitor and the kind, in one query."""
    rows = Incident.objects.filter(monitor__in=[one.monitor.pk for one in judged], kind__in=_OVER)
    found: defaultdict[int, dict[str, Incident]] = defaultdict(dict)
    for incident in rows.exclude(state=State.RESOLVED):
        found[incident.monitor_id or 0][incident.kind] = incident
    return found


def _over(one: Judged, opened: Mapping[str, Incident]) -> dict[str, str]:
    """The kinds whose cause is gone, or another one by now, with the reason."""
    gone: dict[str, str] = {kind: reason for kind, reason in _OVER.items() if kind not in one.warnings}
    taken = {kind: _ANOTHER for kind, found in one.warnings.items() if _is_another(opened.get(kind), found)}
    return {**gone, **taken}


def _new(one: Judged, opened: Mapping[str, Incident]) -> list[str]:
    return [kind for kind, found in one.warnings.items() if kind not in opened or _is_another(opened[kind], found)]


def _is_another(incident: Incident | None, warning: _Warning) -> bool:
    return incident is not None and incident.cause.get("key") not in (None, warning["key"])


def _found(one: Judged, kind: str) -> HeldIncident:
    warning = one.warnings[kind]
    cause = {**one.evidence.get("cause", {}), "detail": warning["detail"], "key": warning["key"]}
    cause["passed"] = warning.get("passed")
    return HeldIncident(
        monitor=one.monitor,
        kind=kind,
        severity=warning["severity"],
        title=title_of(one.monitor, warning["detail"]),
        started_at=one.at,
        evidence={**one.evidence, "cause": cause},
    )


def _has_come_nearer(incident: Incident, warning: _Warning) -> bool:
    """Worse, or the next day has passed. What a person has lowered stays low until then."""
    if incident.kind == Kind.LATENCY or warning["detail"] == incident.cause.get("detail"):
        return False
    before, passed = incident.cause.get("passed"), warning.get("passed")
    if before is not None and passed is not None:
        return bool(passed < before)
    return is_worse(warning["severity"], incident.severity)


def _raise(incident: Incident, monitor: Monitor, warning: _Warning) -> Raise:
    title = title_of(monitor, warning["detail"])
    return Raise(incident.pk, warning["severity"], title, warning["detail"], warning.get("passed"))


def title_of(monitor: Monitor, detail: str) -> str:
    """ "Shop: the certificate expires in 12 days, on 14 Mar 2026, 12:00 UTC"."""
    return f"{monitor.name}: {detail[:1].lower()}{detail[1:].rstrip('.')}"[:200]
