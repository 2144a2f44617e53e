"""Alerts that a maintenance window holds back: told when it is over, if the incident is still open and unseen."""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from alerts.models import AlertEvent
from alerts.outbox import plan_incident_event
from incidents.models import EventType, Incident, State, TimelineEvent
from incidents.services import add_timeline
from monitors.planned import alerts_held

log = logging.getLogger(__name__)
MOST_A_TICK = 500


def withheld_by(incident: Incident, now: datetime) -> str | None:
    """The maintenance window that keeps alerts of this incident back at `now`, in words, or None."""
    return None if incident.monitor is None else alerts_held(incident.monitor, now)


def tell_held(*, now: datetime) -> int:
    """Plans the openings that no window holds back any more; returns how many incidents that is."""
    told = 0
    for incident in _waiting().select_related("monitor").order_by("pk")[:MOST_A_TICK]:
        try:
            told += not withheld_by(incident, now) and _tell(incident.pk, now)
        except Exception:
            log.exception("the alerts of incident %d could not be planned", incident.pk)
    return told


def _waiting() -> QuerySet[Incident]:
    lines = TimelineEvent.objects.filter(incident=OuterRef("pk"), type=EventType.DELIVERY)
    held, over = Exists(lines.filter(data__heldBack=True)), Exists(lines.filter(data__heldBack=False))
    return Incident.objects.filter(held, ~over, state=State.OPEN)


@transaction.atomic
def _tell(incident_id: int, now: datetime) -> bool:
    """Looks again under the lock: somebody may have acknowledged it, another process told it."""
    held = Incident.objects.select_for_update(of=("self",)).filter(pk=incident_id).exists()
    incident = _waiting().select_related("monitor", "workspace").filter(pk=incident_id).first()
    if not held or incident is None:
        return False
    opened = incident.events.filter(type=EventType.OPENED).earliest("pk")
    message = "Alerts are no longer held back"
    add_timeline(incident=incident, type=EventType.DELIVERY, message=message, now=now, data={"heldBack": False})
    plan_incident_event(
        incident=incident,
        event=AlertEvent.INCIDENT_OPEN,
        occurrence=f"{incident.pk}:{opened.pk}",
        message=opened.message,
        now=now,
    )
    return True
