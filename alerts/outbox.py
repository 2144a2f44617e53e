"""Plans deliveries: rows written in the transaction of what they tell, sent after it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import Workspace
from alerts import routing
from alerts.facts import facts_of
from alerts.models import AlertEvent, Channel, ChannelType, Delivery, DeliveryState, Rule
from alerts.nudge import nudge
from alerts.payloads import incident_payload
from alerts.routing import RuleView, Subject
from incidents.models import Incident


def plan_incident_event(
    *, incident: Incident, event: str, occurrence: str, message: str, now: datetime, is_withheld: bool = False
) -> list[Delivery]:
    """One delivery for each channel that this event goes to; one that has this occurrence already gets no second.

    While a maintenance window withholds alerts only the resolution is told, to those who heard of the opening. The
    caller is in the transaction of the event.
    """
    if is_withheld and event != AlertEvent.INCIDENT_RESOLVED:
        return []
    rules = rule_views(candidate_rules(incident))
    route = routing.route(
        rules,
        event=event,
        subject=subject_of(incident),
        facts=facts_of(incident, now=now),
        owed=_owed_the_resolution(incident) if event == AlertEvent.INCIDENT_RESOLVED else (),
    )
    channels = dict.fromkeys(_owed_the_resolution(incident)) if is_withheld else dict(route.channels)
    if route.to_owners and not is_withheld and (owners := owners_channel(incident.workspace)).is_enabled:
        channels.setdefault(owners.pk, None)
    payload = incident_payload(incident, now=now, message=message)
    return plan(
        workspace=incident.workspace,
        channels=channels,
        incident=incident,
        event=event,
        occurrence=occurrence,
        payload=payload,
        now=now,
    )


@transaction.atomic
def plan(
    *,
    workspace: Workspace,
    channels: Mapping[int, int | None],
    incident: Incident | None,
    event: str,
    occurrence: str,
    payload: dict[str, Any],
    now: datetime,
) -> list[Delivery]:
    """Due rows for `channels` (id to the id of the rule that names it), and a nudge after the commit.

    (channel, occurrence) is unique: planning twice writes one row.
    """
    common = {"workspace": workspace, "incident": incident, "event": event, "occurrence": occurrence}
    timing = {"created_at": now, "next_attempt_at": now}
    deliveries = [
        Delivery(channel_id=channel_id, rule_id=rule_id, payload=payload, **common, **timing)
        for channel_id, rule_id in sorted(channels.items())
    ]
    if deliveries:
        Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
        transaction.on_commit(nudge, robust=True)
    return deliveries


def candidate_rules(incident: Incident) -> QuerySet[Rule]:
    """Enabled rules of the workspace whose scope may hold the incident's monitor."""
    monitor = incident.monitor
    scope = Q(monitor__isnull=True, service_group__isnull=True, tag="")
    if monitor is not None:
        scope |= Q(monitor=monitor) | Q(tag__in=list(monitor.tags) or [""], monitor=None, service_group=None)
        if monitor.service_group_id is not None:
            scope |= Q(service_group=monitor.service_group_id)
    return Rule.objects.in_workspace(incident.workspace).filter(scope, is_enabled=True).order_by("pk")


def rule_views(rules: QuerySet[Rule]) -> list[RuleView]:
    """Rules with their enabled channels, in two queries."""
    found = list(rules)
    links = Rule.channels.through.objects.filter(rule__in=found, channel__is_enabled=True)
    channels: dict[int, list[int]] = {}
    for rule_id, channel_id in links.values_list("rule_id", "channel_id"):
        channels.setdefault(rule_id, []).append(channel_id)
    return [_view(rule, channels.get(rule.pk, ())) for rule in found]


def _view(rule: Rule, channel_ids: Iterable[int]) -> RuleView:
    return RuleView(
        id=rule.pk,
        monitor_id=rule.monitor_id,
        service_group_id=rule.service_group_id,
        tag=rule.tag,
        when=rule.when,
        events=tuple(rule.events),
        channel_ids=tuple(channel_ids),
        is_enabled=rule.is_enabled,
        reminder_seconds=rule.reminder_seconds,
    )


def subject_of(incident: Incident) -> Subject:
    """What the incident is about, for routing."""
    monitor = incident.monitor
    if monitor is None:
        return Subject()
    return Subject(monitor_id=monitor.pk, service_group_id=monitor.service_group_id, tags=tuple(monitor.tags))


def _owed_the_resolution(incident: Incident) -> list[int]:
    """Enabled channels that heard, or are about to hear, of the opening, unless their rule leaves resolutions out."""
    openings = incident.deliveries.filter(event=AlertEvent.INCIDENT_OPEN, channel__is_enabled=True).exclude(
        state=DeliveryState.DISMISSED
    )
    return [
        delivery.channel_id
        for delivery in openings.select_related("rule").defer("payload")
        if delivery.rule is None or AlertEvent.INCIDENT_RESOLVED in delivery.rule.events
    ]


def owners_channel(workspace: Workspace) -> Channel:
    """The implicit channel to the workspace's owners, made when it is first needed."""
    channel, _ = Channel.objects.get_or_create(
        workspace=workspace,
        is_owners=True,
        defaults={"name": "Workspace owners", "type": ChannelType.EMAIL},
    )
    return channel
