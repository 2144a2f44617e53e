"""What incidents say upward; each is sent inside the transaction of the change."""

from typing import NamedTuple

from django.dispatch import Signal

from incidents.models import Incident, TimelineEvent


class Happening(NamedTuple):
    """An incident and the line of its timeline that tells what happened to it."""

    incident: Incident
    event: TimelineEvent


# sender=Incident, happened: list[Happening] of different incidents, now: datetime
incidents_opened = Signal()
incidents_resolved = Signal()
# the same of those that became worse, or nearer to the end they warn of
incidents_raised = Signal()
# sender=Incident, incident, event: TimelineEvent, now: datetime
incident_acknowledged = Signal()
incident_edited = Signal()
note_written = Signal()
# sender=Incident, incident: about to be deleted, by: Actor, now: datetime; a receiver that raises Conflict keeps it
incident_deleting = Signal()
