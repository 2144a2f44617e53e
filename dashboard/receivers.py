"""What pages hear: a change of an incident is told to the live stream once it is committed."""

from functools import partial
from typing import Any

from django.db import transaction

from incidents import events
from incidents.models import Incident, TimelineEvent
from signals import live

_EVENTS = (
    events.incident_opened,
    events.incident_acknowledged,
    events.incident_resolved,
    events.incident_edited,
    events.note_written,
)


def connect() -> None:
    """Called once, when the app is ready."""
    for event in _EVENTS:
        event.connect(tell_incident, dispatch_uid="dashboard.tell_incident")


def tell_incident(*, incident: Incident, event: TimelineEvent, **_: Any) -> None:
    """Says that an incident changed; a page that is open fetches itself again."""
    data = {"incidentId": incident.pk, "monitorId": incident.monitor_id, "state": incident.state, "event": event.type}
    transaction.on_commit(partial(live.publish, workspace_id=incident.workspace_id, kind="incident", data=data))
