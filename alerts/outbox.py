"""Plans deliveries: rows written in the transaction of what they tell, sent after it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from accounts.models import Workspace
from alerts.models import AlertEvent, Channel, ChannelType, Delivery, DeliveryState
from alerts.payloads import incident_payload
from alerts.rules import routing
from alerts.rules.candidates import Candidates, subject_of
from alerts.rules.facts import all_facts
from alerts.rules.routing import Route
from alerts.sending.nudge import nudge
from common.bulk import create_rows
from incidents.models import Incident

_Channels = Mapping[int, int | None]


class News(NamedTuple):
    """One thing to tell of an incident. `occurrence` names the happening: each channel hears of it once."""

    incident: Incident
    occurrence: str
    message: str
    is_withheld: bool = False


def plan_incident_event(
    *, incident: Incident, event: str, occurrence: str, message: str, now: datetime, is_withheld: bool = False
) -> list[Delivery]:
    """As `plan_incident_events` for one."""
    return plan_incident_events([News(incident, occurrence, message, is_withheld)], event=event, now=now)


def plan_incident_events(news: Sequence[News], *, event: str, now: datetime) -> list[Delivery]:
    """One delivery for each channel that each event goes to; one that has this occurrence already gets no second.

    While a maintenance window withholds alerts only the resolution is told, to those who heard of the opening. The
    caller is in the transaction of the event. Costs the same few statements for one incident and for hundreds.
    """
    is_resolution = event == AlertEvent.INCIDENT_RESOLVED
    news = [one for one in news if is_resolution or not one.is_withheld]
    if not news:
        return []
    incidents = [one.incident for one in news]
    owed = _owed_the_resolution(incidents) if is_resolution else {}
    routes = _routes(incidents, event, owed, now)
    owners = owners_channels(
        {one.incident.workspace_id for one in news if routes[one.incident.pk].to_owners and not one.is_withheld}
    )
    deliveries: list[Delivery] = []
    for one in news:
        incident = one.incident
        channels: _Channels = routes[incident.pk].channels
        if one.is_withheld:
            channels = dict.fromkeys(owed.get(incident.pk, ()))
        elif routes[incident.pk].to_owners and incident.workspace_id in owners:
            channels = {owners[incident.workspace_id]: None, **channels}
        payload = incident_payload(incident, now=now, message=one.message)
        deliveries += _deliveries(incident.workspace, channels, incident, event, one.occurrence, payload, now)
    return _write(deliveries)


@transaction.atomic
def plan(
    *,
    workspace: Workspace,
    channels: _Channels,
    incident: Incident | None,
    event: str,
    occurrence: str,
    payload: dict[str, Any],
    now: datetime,
) -> list[Delivery]:
    """Due rows for `channels` (id to the id of the rule that names it), and a nudge after the commit.

    (channel, occurrence) is unique: planning twice writes one row.
    """
    return _write(list(_deliveries(workspace, channels, incident, event, occurrence, payload, now)))


def _deliveries(
    workspace: Workspace,
    channels: _Channels,
    incident: Incident | None,
    event: str,
    occurrence: str,
    payload: dict[str, Any],
    now: datetime,
) -> Iterator[Delivery]:
    common = {"workspace": workspace, "incident": incident, "event": event, "occurrence": occurrence}
    for channel_id, rule_id in sorted(channels.items()):
        yield Delivery(
            channel_id=channel_id, rule_id=rule_id, payload=payload, created_at=now, next_attempt_at=now, **common
        )


def _write(deliveries: list[Delivery]) -> list[Delivery]:
    if deliveries:
        create_rows(deliveries, ignore_conflicts=True)
        transaction.on_commit(nudge, robust=True)
    return deliveries


def _routes(
    incidents: Collection[Incident], event: str, owed: Mapping[int, list[int]], now: datetime
) -> dict[int, Route]:
    """Whom an event of each incident goes to, by the id of the incident."""
    candidates, facts = Candidates(incidents), all_facts(incidents, now=now)
    return {
        one.pk: routing.route(
            candidates.of(one), event=event, subject=subject_of(one), facts=facts[one.pk], owed=owed.get(one.pk, ())
        )
        for one in incidents
    }


def _owed_the_resolution(incidents: Collection[Incident]) -> dict[int, list[int]]:
    """Enabled channels that heard, or are about to hear, of the opening, unless their rule leaves resolutions out."""
    openings = Delivery.objects.filter(
        incident__in=incidents, event=AlertEvent.INCIDENT_OPEN, channel__is_enabled=True
    ).exclude(state=DeliveryState.DISMISSED)
    owed: dict[int, list[int]] = {}
    for incident_id, channel_id, rule_id, events in openings.values_list(
        "incident_id", "channel_id", "rule_id", "rule__events"
    ):
        if rule_id is None or AlertEvent.INCIDENT_RESOLVED in events:
            owed.setdefault(incident_id or 0, []).append(channel_id)
    return owed


def owners_channels(workspace_ids: Collection[int]) -> dict[int, int]:
    """The enabled implicit channel to the owners, by workspace; made where it is first needed."""
    wanted = set(workspace_ids)
    found = Channel.objects.filter(is_owners=True, workspace__in=wanted)
    missing = wanted - set(found.values_list("workspace_id", flat=True)) if wanted else wanted
    if missing:
        made = [
            Channel(workspace_id=pk, is_owners=True, name="Workspace owners", type=ChannelType.EMAIL)
            for pk in sorted(missing)
        ]
        Channel.objects.bulk_create(made, ignore_conflicts=True)
    return dict(found.filter(is_enabled=True).values_list("workspace_id", "pk")) if wanted else {}
