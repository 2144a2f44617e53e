"""Reminds of incidents that are still open, once each due time."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from alerts import outbox
from alerts.models import AlertEvent, Delivery, Rule
from alerts.payloads import incident_payload
from alerts.rules import candidates, routing
from alerts.rules.facts import facts_of
from alerts.withheld import withheld_by
from incidents.models import Incident, State


def last_due(started_at: datetime, every_seconds: int, *, now: datetime) -> datetime | None:
    """The latest whole multiple of `every_seconds` after the opening that is not after `now`; None before the first."""
    times = int((now - started_at).total_seconds()) // every_seconds
    return started_at + timedelta(seconds=times * every_seconds) if times >= 1 else None


def remind(*, now: datetime) -> int:
    """Plans what is due and returns how many messages that is.

    Only the latest due time counts, so that an outage of ours is not made up for by a burst; none from before the
    rule was last changed; none to a channel that still waits to tell something earlier of the incident.
    """
    rules = Rule.objects.filter(is_enabled=True, reminder_seconds__isnull=False) | _naming_reminders()
    changed_at = dict(rules.values_list("pk", "updated_at"))
    if not changed_at:
        return 0
    workspaces = set(rules.values_list("workspace", flat=True))
    open_ones = Incident.objects.filter(workspace__in=workspaces, state=State.OPEN)
    incidents = open_ones.select_related("monitor", "workspace", "acknowledged_by", "resolved_by")
    return sum(_remind_of(incident, changed_at, now) for incident in incidents)


def _naming_reminders() -> QuerySet[Rule]:
    # A list in JSON: the quotes make the text search exact on both databases.
    return Rule.objects.filter(is_enabled=True, events__icontains=f'"{AlertEvent.INCIDENT_REMINDER}"')


@transaction.atomic
def _remind_of(incident: Incident, changed_at: dict[int, datetime], now: datetime) -> int:
    planned = 0
    for due, rule in _due_rules(incident, changed_at, now):
        route = routing.route(
            [rule],
            event=AlertEvent.INCIDENT_REMINDER,
            subject=candidates.subject_of(incident),
            facts=facts_of(incident, now=now),
        )
        occurrence = f"{incident.pk}:reminder:{int(due.timestamp())}"
        channels = {pk: rule.id for pk in route.channels if pk not in _heard_or_waiting(incident, occurrence)}
        if not channels or withheld_by(incident, now):
            continue
        outbox.plan(
            workspace=incident.workspace,
            channels=channels,
            incident=incident,
            event=AlertEvent.INCIDENT_REMINDER,
            occurrence=occurrence,
            payload=incident_payload(incident, now=now, message=f"Still open: {incident.title}"[:500]),
            now=now,
        )
        planned += len(channels)
    return planned


def _due_rules(
    incident: Incident, changed_at: dict[int, datetime], now: datetime
) -> Iterable[tuple[datetime, routing.RuleView]]:
    for rule in candidates.rule_views(candidates.candidate_rules([incident]).filter(pk__in=changed_at)):
        every = routing.reminder_every(rule)
        due = last_due(incident.started_at, every, now=now) if every else None
        if due is not None and due >= changed_at[rule.id]:
            yield due, rule


def _heard_or_waiting(incident: Incident, occurrence: str) -> set[int]:
    deliveries = Delivery.objects.filter(incident=incident)
    heard, waiting = deliveries.filter(occurrence=occurrence), deliveries.filter(next_attempt_at__isnull=False)
    return set((heard | waiting).values_list("channel_id", flat=True))
