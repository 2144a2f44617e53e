"""Hears what happens to incidents and plans who is told, in the same transaction."""

from datetime import datetime

from accounts.models import Workspace
from alerts.models import AlertEvent, Channel, ChannelType, Delivery
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
    Channel.objects.filter(rules__monitor=monitor, rules__is_action_group=True).delete()


def on_user_deleted(*, address: str, workspaces: list[Workspace], **_: object) -> None:
    """Nobody writes to who has left, or keeps their address. A channel that had nobody else is disabled."""
    for channel in Channel.objects.filter(workspace__in=workspaces, type=ChannelType.EMAIL):
        wanted = channel.config.get("recipients", [])
        if address not in wanted:
            continue
        left = [one for one in wanted if one != address]
        channel.config = {**channel.config, "recipients": left}
        if not left:
            channel.is_enabled, channel.disabled_reason = False, "Its only recipient has left."
        channel.save(update_fields=["config", "is_enabled", "disabled_reason", "updated_at"])
    for delivery in Delivery.objects.filter(workspace__in=workspaces, reached__icontains=address):
        delivery.reached = [one for one in delivery.reached if one != address]
        delivery.save(update_fields=["reached"])


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
