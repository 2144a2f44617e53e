"""Incidents that become worse, or whose end comes nearer: written and told in one go for many."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from common.bulk import update_rows
from incidents import events
from incidents.events import Happening
from incidents.models import RANKS, EventType, Incident, Severity, State
from incidents.timeline import Line, add_lines

_MOVED = ("severity", "title", "cause", "version")


class Raise(NamedTuple):
    """What an incident is now. `passed` is the day before its end that it has passed, where it has one."""

    incident_id: int
    severity: str
    title: str
    detail: str
    passed: int | None = None


def is_worse(severity: str, than: str) -> bool:
    """Whether one severity is above another."""
    return RANKS.index(Severity(severity)) > RANKS.index(Severity(than))


@transaction.atomic
def raise_incidents(raises: Sequence[Raise], *, now: datetime) -> list[Incident]:
    """The incidents that were raised, at the cost of one; resolved ones stay as they are. Severity only ever rises."""
    wanted = {one.incident_id: one for one in raises}
    rows = Incident.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=wanted).order_by("pk")
    related = rows.select_related("monitor", "workspace", "acknowledged_by", "resolved_by").defer("monitor__settings")
    found = list(related.exclude(state=State.RESOLVED)) if wanted else []
    lines = [_raise(incident, wanted[incident.pk]) for incident in found]
    update_rows(Incident, "id", _MOVED, [(one.pk, *(getattr(one, name) for name in _MOVED)) for one in found])
    if found:
        happened = list(map(Happening, found, add_lines(lines, now=now)))
        events.incidents_raised.send(sender=Incident, happened=happened, now=now)
    return found


def _raise(incident: Incident, to: Raise) -> Line:
    rises = is_worse(to.severity, incident.severity)
    severity = to.severity if rises else incident.severity
    changes = {"severity": [incident.severity, severity], "title": [incident.title, to.title]}
    incident.severity, incident.title = severity, to.title
    incident.cause = {**incident.cause, "detail": to.detail, "passed": to.passed}
    incident.version += 1
    message = f"Now {Severity(severity).label.lower()}: {to.detail}" if rises else to.detail
    return Line(incident.pk, EventType.RAISED, message, changes)
