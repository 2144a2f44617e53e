"""A window that suppresses alerts: incidents open, nobody is told until it is over."""

from datetime import timedelta

import pytest

from alerts.models import Delivery
from alerts.withheld import tell_held
from incidents.models import Kind, Severity
from incidents.services import acknowledge, open_incident, resolve_incident
from monitors.planned.maintaining import create_window

HOUR = timedelta(hours=1)


@pytest.fixture
def window(workspace, monitor, by_alice, now):
    """Open for an hour from `now` on."""
    fields = {"name": "Move", "starts_at": now, "ends_at": now + HOUR, "monitor_ids": [monitor.pk]}
    return create_window(workspace=workspace, by=by_alice, now=now, fields=fields)


@pytest.fixture
def opened(workspace, monitor):
    def make(at):
        return open_incident(
            workspace=workspace, monitor=monitor, kind=Kind.DOWNTIME, severity=Severity.CRITICAL,
            title="Shop: HTTP 500", started_at=at, now=at,
        )  # fmt: skip

    return make


def said(incident):
    return list(incident.events.filter(type="DELIVERY").values_list("message", flat=True))


def events():
    return list(Delivery.objects.order_by("pk").values_list("event", flat=True))


def test_nobody_is_told_and_the_timeline_says_why(window, opened, now):
    incident = opened(now)
    assert events() == []
    assert said(incident) == ["Alerts are held back by the maintenance window Move"]
    assert tell_held(now=now + timedelta(minutes=59)) == 0


def test_what_is_still_open_at_the_end_is_told_then_once(window, opened, now):
    incident = opened(now)
    assert tell_held(now=now + HOUR) == 1
    assert tell_held(now=now + HOUR) == 0
    assert events() == ["incident_open"]
    assert said(incident)[1] == "Alerts are no longer held back"


def test_what_was_resolved_meanwhile_is_never_told(window, opened, now):
    resolve_incident(incident=opened(now), now=now + timedelta(minutes=5))
    assert tell_held(now=now + HOUR) == 0
    assert events() == []


def test_what_somebody_has_seen_is_not_told_at_the_end(window, opened, by_alice, now):
    acknowledge(incident=opened(now), by=by_alice, now=now)
    assert tell_held(now=now + HOUR) == 0
    assert events() == []


def test_those_who_heard_of_the_opening_hear_of_the_recovery(window, opened, now):
    incident = opened(now - HOUR)
    assert events() == ["incident_open"]
    resolve_incident(incident=incident, now=now + timedelta(minutes=5))
    assert events() == ["incident_open", "incident_resolved"]


def test_outside_the_window_everything_is_as_ever(window, opened, now):
    incident = opened(now + HOUR)
    assert events() == ["incident_open"]
    assert said(incident) == []
