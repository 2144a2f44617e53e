"""Hears what happens to incidents and plans who is told, in the same transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef

from accounts.models import Workspace
from alerts.models import AlertEvent, Channel, ChannelType, Delivery, ReportSchedule, Rule
from alerts.outbox import News, plan_incident_events
from alerts.withheld import all_withheld
from common.invalid import Conflict
from incidents.events import Happening
from incidents.models import EventType, Incident, TimelineEvent
from incidents.timeline import Line, add_lines
from monitors.models import Monitor


def on_opened(*, happened: Sequence[Happening], now: datetime, **_: object) -> None:
    """Incidents opened."""
    _tell_opening(happened, now)


def on_raised(*, happened: Sequence[Happening], now: datetime, **_: object) -> None:
    """They became worse: who is told of openings hears of it as of one, by the rules as they match now."""
    _tell_opening(happened, now)


def _tell_opening(happened: Sequence[Happening], now: datetime) -> None:
    withheld = all_withheld([one.incident for one in happened], now)
    lines = [
        Line(one.incident.pk, EventType.DELIVERY, f"Alerts are held back by the {words}", {"heldBack": True})
        for one in happened
        if (words := withheld.get(one.incident.pk))
    ]
    add_lines(lines, now=now)
    _plan(AlertEvent.INCIDENT_OPEN, happened, withheld, now)


def on_acknowledged(*, incident: Incident, event: TimelineEvent, now: datetime, **_: object) -> None:
    """Somebody is on it."""
    _plan(AlertEvent.INCIDENT_ACKNOWLEDGED, [Happening(incident, event)], all_withheld([incident], now), now)


def on_resolved(*, happened: Sequence[Happening], now: datetime, **_: object) -> None:
    """They are over."""
    withheld = all_withheld([one.incident for one in happened], now)
    _plan(AlertEvent.INCIDENT_RESOLVED, happened, withheld, now)


def on_incident_deleting(*, incident: Incident, **_: object) -> None:
    """What is to be told stays to be told: it goes with its incident once it is over."""
    if Delivery.objects.filter(incident=incident, next_attempt_at__isnull=False).exists():
        raise Conflict("An alert about this incident is still on its way: dismiss it, or delete the incident later.")


def on_monitor_deleted(*, monitor: Monitor, **_: object) -> None:
    """The channels of its action groups go with it, secrets and all, where nothing else goes there."""
    own = Channel.objects.filter(rules__monitor=monitor, rules__is_action_group=True)
    elsewhere = Rule.channels.through.objects.filter(channel=OuterRef("pk")).exclude(rule__monitor=monitor)
    reported = ReportSchedule.objects.filter(channel=OuterRef("pk"))
    Channel.objects.filter(~Exists(elsewhere), ~Exists(reported), pk__in=own.values("pk")).delete()


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


def _plan(alert_event: AlertEvent, happened: Sequence[Happening], withheld: Collection[int], now: datetime) -> None:
    news = [
        News(incident, f"{incident.pk}:{event.pk}", event.message, is_withheld=incident.pk in withheld)
        for incident, event in happened
    ]
    plan_incident_events(news, event=alert_event, now=now)
