"""Writes of incidents: opening, acknowledging, resolving, editing, notes. Each writes its line of the timeline."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from accounts import audit
from accounts.actor import SYSTEM, Actor
from accounts.models import Membership, Role, Workspace
from accounts.roles import at_least
from common.invalid import Conflict, FieldError, Invalid, NotAllowed
from incidents import events
from incidents.events import Happening
from incidents.models import EventType, Incident, Kind, Note, Severity, State
from incidents.opening import Opening, open_incidents
from incidents.raising import is_worse
from incidents.timeline import Line, add_lines, add_timeline
from monitors.models import Monitor

__all__ = [
    "acknowledge",
    "add_note",
    "add_timeline",
    "delete_note",
    "edit_incident",
    "edit_note",
    "must_own",
    "open_incident",
    "open_manual",
    "resolve_incident",
    "resolve_incidents",
]

_GONE = "The incident has been deleted."
NOTE_LIMIT = 10_000
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def open_incident(
    *,
    workspace: Workspace,
    monitor: Monitor | None,
    kind: str,
    severity: str,
    title: str,
    started_at: datetime,
    now: datetime,
    by: Actor = SYSTEM,
    subject: str = "",
    summary: str = "",
    cause: Mapping[str, Any] | None = None,
    first_failure: Mapping[str, Any] | None = None,
    last_good: Mapping[str, Any] | None = None,
) -> Incident | None:
    """The new incident, or None when one of this kind and subject is open for the monitor already."""
    opening = Opening(
        workspace, monitor, kind, severity, title, started_at, subject, summary, cause, first_failure, last_good
    )
    return next(iter(open_incidents([opening], now=now, by=by)), None)


@transaction.atomic
def open_manual(
    *,
    workspace: Workspace,
    title: str,
    severity: str,
    by: Actor,
    now: datetime,
    monitor: Monitor | None = None,
    summary: str = "",
) -> Incident:
    """An incident that a person opens. Raises Invalid."""
    fields = _clean({"title": title, "severity": severity, "summary": summary})
    incident = open_incident(
        workspace=workspace,
        monitor=monitor,
        kind=Kind.MANUAL,
        severity=fields["severity"],
        title=fields["title"],
        summary=fields["summary"],
        started_at=now,
        now=now,
        by=by,
    )
    assert incident is not None, "a manual incident never collides"
    audit.record(by=by, workspace=workspace, verb="open", target=incident)
    return incident


@transaction.atomic
def acknowledge(*, incident: Incident, by: Actor, now: datetime) -> Incident:
    """Someone is on it. Twice changes nothing and keeps the first person; a resolved one raises Conflict."""
    incident = _locked(incident)
    if incident.state == State.RESOLVED:
        raise Conflict("The incident is resolved; it cannot be acknowledged any more.")
    if incident.state == State.ACKNOWLEDGED:
        return incident
    incident.state = State.ACKNOWLEDGED
    incident.acknowledged_at, incident.acknowledged_by = now, by.user
    _save(incident, "state", "acknowledged_at", "acknowledged_by")
    event = add_timeline(
        incident=incident, type=EventType.ACKNOWLEDGED, message=f"Acknowledged by {by.label}", now=now, by=by
    )
    audit.record(by=by, workspace=incident.workspace, verb="acknowledge", target=incident)
    events.incident_acknowledged.send(sender=Incident, incident=incident, event=event, now=now)
    return incident


def resolve_incident(*, incident: Incident, now: datetime, by: Actor = SYSTEM, reason: str = "") -> Incident:
    """Closes it; a closed one stays as it is. Raises Conflict when it is gone."""
    found = resolve_incidents({incident.pk: reason}, now=now, by=by)
    if not found:
        raise Conflict(_GONE)
    return found[0]


@transaction.atomic
def resolve_incidents(reasons: Mapping[int, str], *, now: datetime, by: Actor = SYSTEM) -> list[Incident]:
    """Closes the incidents with these ids, each for its reason, at the cost of one; closed ones stay as they are."""
    found = list(_lockable().filter(pk__in=reasons).order_by("pk"))
    closing = [incident for incident in found if incident.state != State.RESOLVED]
    if not closing:
        return found
    Incident.objects.filter(pk__in=[incident.pk for incident in closing]).update(
        state=State.RESOLVED, resolved_at=now, resolved_by=by.user, version=F("version") + 1
    )
    for incident in closing:
        incident.state, incident.resolved_at, incident.resolved_by = State.RESOLVED, now, by.user
        incident.version += 1
        if by.user:
            audit.record(by=by, workspace=incident.workspace, verb="resolve", target=incident)
    lines = [Line(one.pk, EventType.RESOLVED, reasons[one.pk] or f"Resolved by {by.label}") for one in closing]
    happened = list(map(Happening, closing, add_lines(lines, now=now, by=by)))
    events.incidents_resolved.send(sender=Incident, happened=happened, now=now)
    return found


@transaction.atomic
def edit_incident(*, incident: Incident, by: Actor, now: datetime, fields: Mapping[str, str]) -> Incident:
    """Changes title, summary or severity; who is told of openings hears when it becomes worse. Raises Invalid."""
    incident = _locked(incident)
    clean = _clean(fields)
    changes = {name: [getattr(incident, name), value] for name, value in clean.items()}
    changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
    if not changes:
        return incident
    rises = "severity" in changes and is_worse(clean["severity"], incident.severity)
    for name, value in clean.items():
        setattr(incident, name, value)
    _save(incident, *clean)
    line = EventType.RAISED if rises else EventType.EDITED
    message = f"Changed {', '.join(sorted(changes))}"
    event = add_timeline(incident=incident, type=line, message=message, now=now, by=by, data=changes)
    audit.record(by=by, workspace=incident.workspace, verb="edit", target=incident, changes=changes)
    if rises:
        events.incidents_raised.send(sender=Incident, happened=[Happening(incident, event)], now=now)
    else:
        events.incident_edited.send(sender=Incident, incident=incident, event=event, now=now)
    return incident


@transaction.atomic
def add_note(*, incident: Incident, body: str, by: Actor, now: datetime) -> Note:
    """A note in Markdown, 1 to 10,000 characters. Raises Invalid, Conflict when the incident is gone."""
    body = _clean_body(body)
    incident = _locked(incident)
    note = Note.objects.create(incident=incident, author=by.user, body=body)
    event = add_timeline(incident=incident, type=EventType.NOTE, message="", now=now, by=by, data={"noteId": note.pk})
    audit.record(by=by, workspace=incident.workspace, verb="create", target=note)
    events.note_written.send(sender=Incident, incident=incident, event=event, now=now)
    return note


@transaction.atomic
def edit_note(*, note: Note, body: str, by: Actor, now: datetime) -> Note:
    """Changes a note; only its author or an admin may. Raises Invalid, NotAllowed."""
    must_own(note, by)
    before, note.body = note.body, _clean_body(body)
    note.save(update_fields=["body", "updated_at"])
    changes = {"body": [before, note.body]}
    audit.record(by=by, workspace=note.incident.workspace, verb="edit", target=note, changes=changes)
    return note


@transaction.atomic
def delete_note(*, note: Note, by: Actor) -> None:
    """Removes a note and its line; only its author or an admin may. Raises NotAllowed."""
    must_own(note, by)
    audit.record(
        by=by, workspace=note.incident.workspace, verb="delete", target=note, changes={"body": [note.body, None]}
    )
    note.incident.events.filter(type=EventType.NOTE, data__noteId=note.pk).delete()
    note.delete()


def _locked(incident: Incident) -> Incident:
    found = _lockable().filter(pk=incident.pk).first()
    if found is None:
        raise Conflict(_GONE)
    return found


def _lockable() -> QuerySet[Incident]:
    rows = Incident.objects.select_for_update(of=("self",), no_key=True)
    related = rows.select_related("monitor", "workspace", "acknowledged_by", "resolved_by")
    return related.defer("monitor__settings")


def _save(incident: Incident, *fields: str) -> None:
    incident.version += 1
    incident.save(update_fields=[*fields, "version"])


def _clean(fields: Mapping[str, Any]) -> dict[str, str]:
    errors = []
    if "title" in fields and not _is_text(fields["title"], 1, 200):
        errors.append(FieldError("/title", "length", "Write 1 to 200 characters."))
    if "summary" in fields and not _is_text(fields["summary"], 0, NOTE_LIMIT):
        errors.append(FieldError("/summary", "length", f"Write at most {NOTE_LIMIT:,} characters."))
    if "severity" in fields and fields["severity"] not in Severity.values:
        errors.append(FieldError("/severity", "choice", f"Choose one of {', '.join(Severity.values)}."))
    if errors:
        raise Invalid(errors)
    return {name: value.strip() for name, value in fields.items()}


def _clean_body(body: Any) -> str:
    if not _is_text(body, 1, NOTE_LIMIT):
        raise Invalid([FieldError("/body", "length", f"Write 1 to {NOTE_LIMIT:,} characters.")])
    return str(body).strip()


def _is_text(value: object, least: int, most: int) -> bool:
    """A text of so many characters that any database stores: no NUL, no half of a surrogate pair."""
    return isinstance(value, str) and least <= len(value.strip()) <= most and not _UNSTORABLE.search(value)


def must_own(note: Note, by: Actor) -> None:
    """Raises NotAllowed where the acting person is neither the note's author nor an admin."""
    if by.user and note.author_id == by.user.pk:
        return
    found = Membership.objects.in_workspace(note.incident.workspace).filter(user=by.user).first() if by.user else None
    if found is None or not at_least(found.role, Role.ADMIN):
        raise NotAllowed("Only a note's author or an admin of the workspace may change it.")
