"""Opens incidents, many as cheaply as one: at most one stays open of a kind and subject for each monitor."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction

from accounts.actor import SYSTEM, Actor
from accounts.models import Workspace
from common.bulk import create_rows
from incidents import events
from incidents.events import Happening
from incidents.models import EventType, Incident, Kind, State
from incidents.timeline import Line, add_lines
from monitors.models import Monitor

TRIES = 5
_Key = tuple[int | None, str, str]


class Opening(NamedTuple):
    """What an incident opens with; of `title` the first 200 characters are kept."""

    workspace: Workspace
    monitor: Monitor | None
    kind: str
    severity: str
    title: str
    started_at: datetime
    subject: str = ""
    summary: str = ""
    cause: Mapping[str, Any] | None = None
    first_failure: Mapping[str, Any] | None = None
    last_good: Mapping[str, Any] | None = None


@transaction.atomic
def open_incidents(openings: Sequence[Opening], *, now: datetime, by: Actor = SYSTEM) -> list[Incident]:
    """The new ones, by monitor; left out is what is open of its kind and subject for its monitor already."""
    incidents = _insert([_incident(one) for one in openings])
    if incidents:
        lines = [Line(one.pk, EventType.OPENED, one.title, one.cause) for one in incidents]
        happened = list(map(Happening, incidents, add_lines(lines, now=now, by=by)))
        events.incidents_opened.send(sender=Incident, happened=happened, now=now)
    return incidents


def _incident(one: Opening) -> Incident:
    return Incident(
        workspace=one.workspace,
        monitor=one.monitor,
        kind=one.kind,
        subject=one.subject,
        severity=one.severity,
        title=one.title[:200],
        summary=one.summary,
        started_at=one.started_at,
        cause=dict(one.cause or {}),
        first_failure=dict(one.first_failure or {}),
        last_good=dict(one.last_good or {}),
    )


def _insert(wanted: Sequence[Incident]) -> list[Incident]:
    """One that another process opens at this moment makes the database refuse all of ours; the next look sees it."""
    for left in reversed(range(TRIES)):
        fresh = _without_open(wanted)
        if not fresh:
            break
        try:
            with transaction.atomic():
                return create_rows(fresh)
        except IntegrityError:
            if not left:
                raise
    return []


def _without_open(wanted: Sequence[Incident]) -> list[Incident]:
    """Each key once, in one order everywhere: two that insert the same cannot wait for each other in a circle."""
    monitors = {one.monitor_id for one in wanted if one.monitor_id is not None}
    found = Incident.objects.filter(monitor__in=monitors).exclude(state=State.RESOLVED)
    taken: set[_Key] = set(found.values_list("monitor_id", "kind", "subject"))
    fresh = []
    for one in sorted(wanted, key=lambda one: (one.monitor_id or 0, one.kind, one.subject)):
        key = (one.monitor_id, one.kind, one.subject)
        if one.monitor_id is None or one.kind == Kind.MANUAL:
            fresh.append(one)
        elif key not in taken:
            taken.add(key)
            fresh.append(one)
    return fresh
