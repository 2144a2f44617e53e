"""The sender's work by the batch: the cost of one, leases that were lost, and the order of a channel's messages."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actor import SYSTEM
from alerts import services
from alerts.channels.base import Outcome
from alerts.models import Channel, Delivery, DeliveryAttempt, DeliveryState
from alerts.sending import claiming
from alerts.sending.recording import Attempt, record_attempts
from common.clock import now as clock_now

pytestmark = pytest.mark.django_db
US, THEM = uuid.UUID(int=1), uuid.UUID(int=2)
OK, FAILED = Outcome(ok=True, status_code=204), Outcome(ok=False, status_code=500, error="HTTP 500")


@pytest.fixture
def due(monitor, open_on, add_webhook):
    """`due(5)`: an incident with so many webhooks, each with a delivery that is due."""

    def make(count):
        Delivery.objects.all().delete()
        Channel.objects.all().delete()
        monitor.incidents.all().delete()
        for number in range(count):
            add_webhook(monitor, f"http://127.0.0.1:9/{number}", name=f"Hook {number}")
        open_on(monitor)
        return list(Channel.objects.order_by("pk").values_list("pk", flat=True))

    return make


def take(channel_ids, sender_id=US, limit=500):
    now = clock_now()
    until = now + timedelta(seconds=15)
    return claiming.take(channel_ids=channel_ids, limit=limit, sender_id=sender_id, until=until, now=now)


def tried(deliveries, outcome):
    return [Attempt(one, outcome, clock_now(), 1.0, 0.5) for one in deliveries]


@pytest.mark.parametrize("outcome", [OK, FAILED])
def test_forty_deliveries_cost_the_queries_of_four(due, outcome):
    counts = []
    for count in (4, 40):
        channel_ids = due(count)
        with CaptureQueriesContext(connection) as queries:
            assert len(claiming.ready_channels(now=clock_now(), limit=500)) == count
            deliveries = take(channel_ids)
            record_attempts(tried(deliveries, outcome), sender_id=US, now=clock_now())
        assert DeliveryAttempt.objects.filter(delivery__in=deliveries).count() == count
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 18


def test_while_nothing_is_due_only_that_is_asked(due):
    due(1)
    Delivery.objects.update(next_attempt_at=clock_now() + timedelta(hours=1))
    with CaptureQueriesContext(connection) as queries:
        assert claiming.ready_channels(now=clock_now(), limit=500) == []
    assert len(queries) == 1
    assert "OVER (" not in queries[0]["sql"]


def test_of_two_takers_each_channel_has_one(due):
    channel_ids = due(6)
    ours, theirs = take(channel_ids[:3]), take(channel_ids, THEM)
    assert {one.channel_id for one in ours} == set(channel_ids[:3])
    assert {one.channel_id for one in theirs} == set(channel_ids[3:])
    assert all(one.channel.config["url"].startswith("http") for one in (*ours, *theirs))


def test_a_sender_that_lost_its_lease_keeps_the_attempt_and_takes_nothing_back(due):
    channel_ids = due(2)
    deliveries = take(channel_ids)
    Channel.objects.filter(pk=channel_ids[0]).update(claimed_by=THEM)
    record_attempts(tried(deliveries, FAILED), sender_id=US, now=clock_now())
    lost, kept = Channel.objects.order_by("pk")
    assert (lost.claimed_by, kept.claimed_by, kept.claimed_until) == (THEM, None, None)
    assert lost.is_failing
    assert kept.is_failing
    assert DeliveryAttempt.objects.count() == 2


def test_a_channel_is_verified_by_its_first_success_and_works_again(due):
    channel_ids = due(1)
    Channel.objects.update(is_failing=True)
    first = clock_now()
    record_attempts(tried(take(channel_ids), OK), sender_id=US, now=first)
    channel = Channel.objects.get()
    assert (channel.verified_at, channel.is_failing, channel.claimed_by) == (first, False, None)
    Delivery.objects.update(state=DeliveryState.PENDING, next_attempt_at=first)
    record_attempts(tried(take(channel_ids), OK), sender_id=US, now=first + timedelta(hours=1))
    assert Channel.objects.get().verified_at == first


def test_what_waits_for_a_retry_holds_back_its_own_incident_only(monitor, open_on, add_webhook, workspace):
    saved = add_webhook(monitor, "http://127.0.0.1:9/")
    now = clock_now()
    open_on(monitor)
    first = Delivery.objects.get()
    Delivery.objects.update(next_attempt_at=now + timedelta(hours=1))
    later = Delivery.objects.create(
        workspace=workspace, channel=saved.channel, incident=first.incident, event="incident_resolved",
        occurrence="later", payload=first.payload, created_at=now, next_attempt_at=now,
    )  # fmt: skip
    assert claiming.ready_channels(now=now, limit=5) == []
    tests = [services.send_test(rule=saved.rule, by=SYSTEM, now=now) for _ in range(2)]
    Delivery.objects.filter(pk=tests[0].pk).update(next_attempt_at=now + timedelta(hours=1))
    assert [one.pk for one in take([saved.channel.pk])] == [tests[1].pk]
    Channel.objects.update(claimed_until=None)
    Delivery.objects.filter(pk=first.pk).update(next_attempt_at=None)
    Delivery.objects.filter(pk=tests[1].pk).update(next_attempt_at=None)
    assert [one.pk for one in take([saved.channel.pk])] == [later.pk]


def test_many_that_wait_behind_another_do_not_hide_who_is_due(monitor, open_on, add_webhook, workspace):
    blocked = add_webhook(monitor, "http://127.0.0.1:9/blocked", name="Blocked")
    free = add_webhook(monitor, "http://127.0.0.1:9/free", name="Free")
    open_on(monitor)
    now = clock_now()
    first = Delivery.objects.get(channel=blocked.channel)
    Delivery.objects.filter(pk=first.pk).update(next_attempt_at=now + timedelta(hours=1))
    Delivery.objects.bulk_create(
        Delivery(
            workspace=workspace, channel=blocked.channel, incident=first.incident, event="incident_reminder",
            occurrence=str(number), payload={}, created_at=now, next_attempt_at=now - timedelta(hours=1),
        )
        for number in range(10)
    )  # fmt: skip
    assert [one.channel_id for one in claiming.ready_channels(now=now, limit=3)] == [free.channel.pk]
