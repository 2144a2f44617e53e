"""Reminders: one each due time, only while nobody has taken the incident."""

from datetime import timedelta

import pytest

from accounts.actor import SYSTEM
from alerts.models import AlertEvent, Delivery, Rule
from alerts.reminders import last_due, remind
from common.clock import now as clock_now
from incidents.services import acknowledge, resolve_incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def start(monitor, open_on, add_webhook, sink):
    """When the incident opened; its opening is delivered and reminders are each five minutes."""
    add_webhook(monitor, sink.url(), reminder_seconds=300)
    at = clock_now()
    Rule.objects.update(updated_at=at - timedelta(days=1))
    open_on(monitor, at=at)
    Delivery.objects.update(next_attempt_at=None, state="DELIVERED")
    return at


def reminders():
    return Delivery.objects.filter(event=AlertEvent.INCIDENT_REMINDER)


def test_last_due(now):
    assert last_due(now, 300, now=now + timedelta(seconds=299)) is None
    assert last_due(now, 300, now=now + timedelta(seconds=300)) == now + timedelta(seconds=300)
    assert last_due(now, 300, now=now + timedelta(seconds=950)) == now + timedelta(seconds=900)


def test_each_due_time_has_one_message(start):
    assert remind(now=start + timedelta(seconds=299)) == 0
    assert remind(now=start + timedelta(seconds=301)) == 1
    assert remind(now=start + timedelta(seconds=306)) == 0
    reminders().update(next_attempt_at=None)
    assert remind(now=start + timedelta(seconds=601)) == 1
    assert reminders().count() == 2
    assert "Still open" in reminders().first().payload["message"]


def test_an_outage_of_ours_is_not_made_up_for_by_a_burst(start):
    assert remind(now=start + timedelta(hours=2)) == 1


def test_none_while_the_channel_still_waits_to_tell_something_earlier(start):
    Delivery.objects.update(next_attempt_at=start + timedelta(hours=1))
    assert remind(now=start + timedelta(seconds=301)) == 0


def test_none_once_somebody_has_taken_it_or_it_is_over(start, by_alice):
    incident = Delivery.objects.first().incident
    acknowledge(incident=incident, by=by_alice, now=start)
    assert remind(now=start + timedelta(seconds=301)) == 0
    resolve_incident(incident=incident, by=SYSTEM, now=start)
    assert remind(now=start + timedelta(seconds=301)) == 0


def test_none_for_a_time_before_the_rule_was_changed(start):
    Rule.objects.update(updated_at=start + timedelta(seconds=400))
    assert remind(now=start + timedelta(seconds=450)) == 0
    assert remind(now=start + timedelta(seconds=601)) == 1


def test_naming_the_event_alone_reminds_each_hour(start):
    Rule.objects.update(reminder_seconds=None, events=["incident_open", "incident_reminder"])
    assert remind(now=start + timedelta(seconds=301)) == 0
    assert remind(now=start + timedelta(seconds=3601)) == 1


def test_none_where_no_rule_asks(start):
    Rule.objects.update(reminder_seconds=None)
    assert remind(now=start + timedelta(days=1)) == 0
