"""Alerts that a maintenance window holds back: told when it is over, if the incident is still open and unseen."""

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from alerts.models import AlertEvent
from alerts.outbox import plan_incident_event
from incidents.models import EventType, Incident, State, TimelineEvent
from incidents.services import add_timeline
from monitors.planned.selectors import all_alerts_held

log = logging.getLogger(__name__)
MOST_A_TICK = 500


def withheld_by(incident: Incident, now: datetime) -> str | None:
    """The maintenance window that keeps alerts of this incident back at `now`, in words, or None."""
    return all_withheld([incident], now).get(incident.pk)


def all_withheld(incidents: Iterable[Incident], now: datetime) -> dict[int, str]:
    """The same of many, by the id of the incident, in a few queries for all."""
    monitors = {incident.pk: incident.monitor_id for incident in incidents if incident.monitor_id is not None}
    held = all_alerts_held(set(monitors.values()), now)
    return {pk: held[monitor_id] for pk, monitor_id in monitors.items() if monitor_id in held}


def tell_held(*, now: datetime) -> int:
    """Plans the openings, and what became worse, that no window holds back any more; returns how many that is."""
    waiting = list(_waiting().order_by("pk")[:MOST_A_TICK])
    held = all_withheld(waiting, now)
    told = 0
    for incident in waiting:
        try:
            told += incident.pk not in held and _tell(incident.pk, now)
        except Exception:
            log.exception("the alerts of incident %d could not be planned", incident.pk)
    return told


def _waiting() -> QuerySet[Incident]:
    lines = TimelineEvent.objects.filter(incident=OuterRef("pk"), type=EventType.DELIVERY)
    told_since = TimelineEvent.objects.filter(
        incident=OuterRef("incident"), type=EventType.DELIVERY, data__heldBack=False, pk__gt=OuterRef("pk")
    )
    return Incident.objects.filter(Exists(lines.filter(~Exists(told_since), data__heldBack=True)), state=State.OPEN)


@transaction.atomic
def _tell(incident_id: int, now: datetime) -> bool:
    """Looks again under the lock: somebody may have acknowledged it, another process told it."""
    held = Incident.objects.select_for_update(of=("self",)).filter(pk=incident_id).exists()
    incident = _waiting().select_related("monitor", "workspace").filter(pk=incident_id).first()
    if not held or incident is None:
        return False
    last = incident.events.filter(type__in=(EventType.OPENED, EventType.RAISED)).latest("pk")
    message = "Alerts are no longer held back"
    add_timeline(incident=incident, type=EventType.DELIVERY, message=message, now=now, data={"heldBack": False})
    plan_incident_event(
        incident=incident,
        event=AlertEvent.INCIDENT_OPEN,
        occurrence=f"{incident.pk}:{last.pk}",
        message=last.message,
        now=now,
    )
    return True
