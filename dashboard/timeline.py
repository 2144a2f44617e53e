"""An incident's timeline as the page shows it."""

from typing import Any

from accounts.models import Membership, Role
from accounts.roles import at_least
from dashboard.markdown import rendered
from incidents.models import EventType, Incident, Note, TimelineEvent

_LOOKS = {
    EventType.OPENED: ("siren", "is-down"),
    EventType.ACKNOWLEDGED: ("check", "is-late"),
    EventType.RESOLVED: ("circle-check", "is-ok"),
    EventType.EDITED: ("pencil", ""),
    EventType.RAISED: ("triangle-alert", "is-down"),
    EventType.NOTE: ("message-square", ""),
    EventType.DELIVERY: ("send", ""),
}


def timeline(incident: Incident, *, reader: Membership) -> list[dict[str, Any]]:
    """Entries for the incident page, oldest first, with `note` where `reader` may change it.

    `incident` comes with events and notes prefetched.
    """
    notes = {note.pk: note for note in incident.notes.all()}
    return [_entry(event, notes.get(event.data.get("noteId", 0)), reader) for event in incident.events.all()]


def _entry(event: TimelineEvent, note: Note | None, reader: Membership) -> dict[str, Any]:
    icon, tone = _LOOKS[EventType(event.type)]
    is_told = event.type == EventType.DELIVERY
    return {
        "id": f"line-{event.pk}",
        "title": event.message if is_told else event.get_type_display(),
        "text": "" if is_told else _text(event),
        "by": event.actor.get_full_name() if event.actor else "",
        "at": event.created_at,
        "icon": icon,
        "tone": tone if not is_told or event.data.get("ok", True) else "is-down",
        "html": rendered(note.body) if note else "",
        "is_note": note is not None,
        "note": note if note and _may_change(note, reader) else None,
    }


def _may_change(note: Note, reader: Membership) -> bool:
    is_author = note.author_id == reader.user_id and at_least(reader.role, Role.MEMBER)
    return is_author or at_least(reader.role, Role.ADMIN)


def _text(event: TimelineEvent) -> str:
    if event.type == EventType.OPENED:
        return str(event.data.get("detail") or event.message)
    return event.message if event.actor is None or event.type in (EventType.EDITED, EventType.RAISED) else ""
