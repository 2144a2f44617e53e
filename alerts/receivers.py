"""Hears what happens to incidents and plans who is told, in the same transaction."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from alerts.models import AlertEvent, Channel, Rule
from alerts.outbox import plan_incident_event
from alerts.withheld import withheld_by
from incidents.models import EventType, Incident, TimelineEvent
from incidents.services import add_timeline
from monitors.models import Monitor


def on_opened(*, incident: Incident, event: TimelineEvent, now: datetime, **_: object) -> None:
    """An incident opened."""
    _plan(AlertEvent.INCIDENT_OPEN, incident, event, now)


def on_acknowledged(*, incident: Incident, event: TimelineEvent, now: datetime, **_: object) -> None:
    """Somebody is on it."""
    _plan(AlertEvent.INCIDENT_ACKNOWLEDGED, incident, event, now)


def on_resolved(*, incident: Incident, event: TimelineEvent, now: datetime, **_: object) -> None:
    """It is over."""
    _plan(AlertEvent.INCIDENT_RESOLVED, incident, event, now)


def on_monitor_deleted(*, monitor: Monitor, **_: object) -> None:
    """The channels of its action groups are nobody else's and go with it, secrets and all."""
    own = Channel.objects.filter(rules__monitor=monitor, rules__is_action_group=True)
    elsewhere = Rule.channels.through.objects.filter(channel=OuterRef("pk")).exclude(rule__monitor=monitor)
    Channel.objects.filter(pk__in=own.values("pk")).exclude(Exists(elsewhere)).delete()


def _plan(alert_event: AlertEvent, incident: Incident, event: TimelineEvent, now: datetime) -> None:
    withheld = withheld_by(incident, now)
    if withheld and alert_event == AlertEvent.INCIDENT_OPEN:
        message = f"Alerts are held back by the {withheld}"
        add_timeline(incident=incident, type=EventType.DELIVERY, message=message, now=now, data={"heldBack": True})
    plan_incident_event(
        incident=incident,
        event=alert_event,
        occurrence=f"{incident.pk}:{event.pk}",
        message=event.message,
        now=now,
        is_withheld=bool(withheld),
    )
