"""What pages hear: a change of an incident is told to the live stream once it is committed."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction

from incidents import events
from incidents.events import Happening
from incidents.models import Incident, TimelineEvent
from signals import live

_ONE = (events.incident_acknowledged, events.incident_edited, events.note_written)
_MANY = (events.incidents_opened, events.incidents_raised, events.incidents_resolved)


def connect() -> None:
    """Called once, when the app is ready."""
    for event in _ONE:
        event.connect(tell_incident, dispatch_uid="dashboard.tell_incident")
    for event in _MANY:
        event.connect(tell_incidents, dispatch_uid="dashboard.tell_incidents")


def tell_incident(*, incident: Incident, event: TimelineEvent, **_: Any) -> None:
    """Says that an incident changed; a page that is open fetches itself again."""
    tell_incidents(happened=[Happening(incident, event)])


def tell_incidents(*, happened: Sequence[Happening], **_: Any) -> None:
    """The same of many."""
    messages = [
        live.message(
            workspace_id=incident.workspace_id,
            kind="incident",
            data={
                "incidentId": incident.pk,
                "monitorId": incident.monitor_id,
                "state": incident.state,
                "event": event.type,
            },
        )
        for incident, event in happened
    ]
    transaction.on_commit(partial(live.publish_all, messages))
