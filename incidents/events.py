"""What incidents say upward; each is sent inside the transaction of the change."""

from django.dispatch import Signal

# All: sender=Incident, incident, event: TimelineEvent, now: datetime
incident_opened = Signal()
incident_acknowledged = Signal()
incident_resolved = Signal()
incident_edited = Signal()
note_written = Signal()
