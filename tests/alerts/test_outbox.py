"""Who is told of what: rows planned with the incident, each happening once a channel."""

import pytest
from django.db import transaction

from accounts.actor import SYSTEM
from alerts import services
from alerts.models import AlertEvent, Channel, Delivery, Rule
from alerts.outbox import plan_incident_event
from alerts.rules import services as rules
from common.clock import now as clock_now
from common.invalid import Conflict
from incidents.models import TimelineEvent
from incidents.services import acknowledge, resolve_incident
from monitors.events import monitor_deleted
from monitors.models import Monitor, ServiceGroup

pytestmark = pytest.mark.django_db


def told(event):
    return sorted(Delivery.objects.filter(event=event).values_list("channel__name", flat=True))


@pytest.fixture
def add_rule(workspace, by_alice):
    def make(*channels, **fields):
        given = {"name": "Rule", "channel_ids": [channel.pk for channel in channels], **fields}
        return rules.create_rule(workspace=workspace, by=by_alice, fields=given)

    return make


@pytest.fixture
def channels(workspace):
    return [
        Channel.objects.create(workspace=workspace, name=name, type="webhook", config={}) for name in ("One", "Two")
    ]


def test_deliveries_and_incident_commit_or_roll_back_together(monitor, open_on, add_webhook, sink):
    add_webhook(monitor, sink.url())
    with transaction.atomic():
        open_on(monitor)
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()
    assert not TimelineEvent.objects.exists()
    open_on(monitor)
    assert Delivery.objects.count() == 1


def test_a_channel_named_by_many_rules_gets_one_message(monitor, open_on, channels, add_rule):
    add_rule(channels[0])
    add_rule(*channels, scope={"tag": "prod"})
    add_rule(channels[0], scope={"monitor_id": monitor.pk})
    open_on(monitor)
    assert told(AlertEvent.INCIDENT_OPEN) == ["One", "Two"]


def test_the_same_happening_planned_twice_is_one_row(monitor, open_on, channels, add_rule):
    add_rule(channels[0])
    incident = open_on(monitor)
    occurrence = Delivery.objects.get().occurrence
    plan_incident_event(incident=incident, event="incident_open", occurrence=occurrence, message="", now=clock_now())
    assert Delivery.objects.count() == 1


def test_rules_of_service_group_tag_and_another_monitor(monitor, open_on, channels, add_rule, workspace):
    monitor.service_group = ServiceGroup.objects.create(workspace=workspace, name="Shop")
    monitor.save()
    other = Monitor.objects.create(workspace=workspace, name="Other", type="http")
    add_rule(channels[0], scope={"service_group_id": monitor.service_group_id})
    add_rule(channels[1], scope={"monitor_id": other.pk})
    add_rule(channels[1], scope={"tag": "staging"})
    open_on(monitor)
    assert told(AlertEvent.INCIDENT_OPEN) == ["One"]


def test_conditions_decide(monitor, open_on, channels, add_rule):
    add_rule(channels[0], when={"all": [{"field": "status_code", "op": "gte", "value": 500}]})
    add_rule(channels[1], when={"any": [{"field": "region", "op": "eq", "value": "nyc"}]})
    open_on(monitor)
    assert told(AlertEvent.INCIDENT_OPEN) == ["One"]


def test_who_heard_of_the_opening_hears_of_the_end_though_the_rule_changed(
    monitor, open_on, channels, add_rule, by_alice
):
    changed = add_rule(channels[0])
    gone = add_rule(channels[1])
    incident = open_on(monitor)
    rules.edit_rule(rule=changed, by=by_alice, fields={"scope": {"tag": "elsewhere"}})
    rules.delete_rule(rule=gone, by=by_alice)
    acknowledge(incident=incident, by=by_alice, now=clock_now())
    resolve_incident(incident=incident, by=SYSTEM, now=clock_now())
    assert [name for name in told(AlertEvent.INCIDENT_RESOLVED) if name != "Workspace owners"] == ["One", "Two"]
    assert told(AlertEvent.INCIDENT_ACKNOWLEDGED) == []


def test_who_asked_for_openings_only_does_not_hear_of_the_end(monitor, open_on, channels, add_rule):
    add_rule(channels[0], events=["incident_open"])
    incident = open_on(monitor)
    resolve_incident(incident=incident, by=SYSTEM, now=clock_now())
    assert told(AlertEvent.INCIDENT_RESOLVED) == []


def test_an_incident_of_no_monitor_goes_to_rules_for_all(open_on, channels, add_rule, workspace):
    add_rule(channels[0])
    open_on(None)
    assert told(AlertEvent.INCIDENT_OPEN) == ["One"]


def test_another_workspaces_rules_hear_nothing(monitor, open_on, channels, add_rule, charlie):
    channel = Channel.objects.create(workspace=charlie.workspaces.get(), name="Charlie", type="webhook", config={})
    rule = Rule.objects.create(workspace=charlie.workspaces.get(), name="All", events=["incident_open"])
    rule.channels.set([channel])
    open_on(monitor)
    assert told(AlertEvent.INCIDENT_OPEN) == ["Workspace owners"]


def test_planning_asks_few_queries_however_many_rules(
    monitor, open_on, channels, add_rule, django_assert_max_num_queries
):
    for _ in range(20):
        add_rule(*channels)
    with django_assert_max_num_queries(16):
        open_on(monitor)


def test_a_deleted_monitor_takes_the_channels_of_its_action_groups_along(monitor, add_webhook, sink, channels):
    add_webhook(monitor, sink.url())
    monitor_deleted.send(sender=Monitor, monitor=monitor, now=clock_now())
    assert list(Channel.objects.values_list("name", flat=True)) == ["One", "Two"]


def test_resend_and_dismiss_and_what_they_refuse(monitor, open_on, add_webhook, sink, by_alice, now):
    saved = add_webhook(monitor, sink.url())
    open_on(monitor)
    delivery = Delivery.objects.get()
    services.dismiss(delivery=delivery, by=by_alice, now=now)
    with pytest.raises(Conflict):
        services.dismiss(delivery=delivery, by=by_alice, now=now)
    again = services.resend(delivery=delivery, by=by_alice, now=now)
    assert (again.state, again.attempts_made, again.next_attempt_at) == ("PENDING", 0, now)
    Channel.objects.update(claimed_until=clock_now().replace(year=2100))
    Delivery.objects.update(state="SENDING")
    with pytest.raises(Conflict):
        services.resend(delivery=delivery, by=by_alice, now=now)
    Channel.objects.filter(pk=saved.channel.pk).update(claimed_until=None, is_enabled=False)
    with pytest.raises(Conflict):
        services.resend(delivery=delivery, by=by_alice, now=now)


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"name": ""}, ["/name"]),
        ({"name": None, "channel_ids": []}, ["/name", "/channelIds"]),
        ({"channel_ids": [10**30]}, ["/channelIds"]),
        ({"channel_ids": [999_999]}, ["/channelIds/0"]),
        ({"scope": {"monitor_id": 999_999}}, ["/scope/monitorId"]),
        ({"scope": {"monitor_id": 1, "tag": "x"}}, ["/scope"]),
        ({"scope": {"colour": 1}}, ["/scope"]),
        ({"scope": {"service_group_id": "1"}}, ["/scope/serviceGroupId"]),
        ({"events": []}, ["/events"]),
        ({"events": ["test"]}, ["/events/0"]),
        ({"when": {"all": [{"field": "x", "op": "eq", "value": 1}]}}, ["/when/all/0/field"]),
        ({"reminder_seconds": 5}, ["/reminderSeconds"]),
        ({"reminder_seconds": True}, ["/reminderSeconds"]),
        ({"is_enabled": "yes"}, ["/enabled"]),
    ],
)
def test_wrong_fields_of_a_rule_are_named(workspace, channels, add_rule, fields, pointers):
    from common.invalid import Invalid

    with pytest.raises(Invalid) as caught:
        add_rule(channels[0], **fields)
    assert [error.pointer for error in caught.value.errors] == pointers
    assert not Rule.objects.exists()
