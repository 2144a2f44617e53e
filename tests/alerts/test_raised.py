"""A warning that becomes critical is told again, by the rules as they match then."""

from datetime import timedelta

import pytest

from alerts.models import Channel, Delivery
from alerts.rules import services as rules
from alerts.withheld import tell_held
from incidents.models import Incident, Kind, Severity
from incidents.raising import Raise, raise_incidents
from incidents.services import acknowledge, edit_incident, open_incident, resolve_incident
from monitors.planned.maintaining import create_window
from tests.alerts.test_withheld import HOUR

pytestmark = pytest.mark.django_db
CRITICAL = {"all": [{"field": "severity", "op": "eq", "value": "CRITICAL"}]}


@pytest.fixture
def expiring(workspace, monitor):
    def opened(at):
        return open_incident(
            workspace=workspace, monitor=monitor, kind=Kind.SSL, severity=Severity.WARNING, started_at=at, now=at,
            title="Shop: the certificate expires in 29 days", cause={"detail": "It expires in 29 days.", "passed": 30},
        )  # fmt: skip

    return opened


@pytest.fixture
def add_rule(workspace, by_alice):
    def make(name, **fields):
        channel = Channel.objects.create(workspace=workspace, name=name, type="webhook", config={})
        fields = {"name": name, "channel_ids": [channel.pk], **fields}
        return rules.create_rule(workspace=workspace, by=by_alice, fields=fields)

    return make


def become(incident, severity, at, days=1):
    detail = f"The certificate expires in {days} days."
    raise_incidents([Raise(incident.pk, severity, f"Shop: {detail}", detail, days)], now=at)


def told():
    return list(Delivery.objects.order_by("pk").values_list("channel__name", "event"))


def test_a_rule_for_critical_ones_fires_when_it_becomes_critical_and_hears_of_the_end(expiring, add_rule, now):
    add_rule("Pager", when=CRITICAL)
    incident = expiring(now)
    assert told() == []
    become(incident, "MINOR", now, 14)
    assert told() == []
    become(incident, "CRITICAL", now)
    assert told() == [("Pager", "incident_open")]
    assert Delivery.objects.get().payload["incident"]["severity"] == "CRITICAL"
    assert Delivery.objects.get().payload["message"] == "Now critical: The certificate expires in 1 days."
    resolve_incident(incident=incident, now=now)
    assert told()[1:] == [("Pager", "incident_resolved")]


def test_who_heard_of_the_opening_hears_of_each_step_once(expiring, add_rule, now):
    add_rule("Chat")
    add_rule("Chat too", events=["incident_resolved"])
    incident = expiring(now)
    for severity, days in (("MINOR", 14), ("MAJOR", 7), ("CRITICAL", 1)):
        become(incident, severity, now, days)
    assert told() == [("Chat", "incident_open")] * 4


def test_owners_hear_where_nobody_watches(expiring, now):
    become(expiring(now), "CRITICAL", now)
    assert told() == [("Workspace owners", "incident_open")] * 2


def test_an_acknowledged_one_is_told_too_for_it_is_news(expiring, add_rule, by_alice, now):
    add_rule("Pager", when=CRITICAL)
    incident = expiring(now)
    acknowledge(incident=incident, by=by_alice, now=now)
    become(incident, "CRITICAL", now)
    assert told() == [("Pager", "incident_open")]
    assert Incident.objects.get().state == "ACKNOWLEDGED"


def test_a_person_who_makes_it_critical_pages_those_for_critical_ones(expiring, add_rule, by_alice, now):
    add_rule("Pager", when=CRITICAL)
    incident = expiring(now)
    edit_incident(incident=incident, by=by_alice, now=now, fields={"severity": "MAJOR"})
    edit_incident(incident=incident, by=by_alice, now=now, fields={"title": "Expiring"})
    edit_incident(incident=incident, by=by_alice, now=now, fields={"severity": "CRITICAL"})
    assert told() == [("Pager", "incident_open")]


def test_in_a_window_it_waits_and_is_told_as_it_is_at_its_end(expiring, add_rule, workspace, monitor, by_alice, now):
    add_rule("Chat")
    incident = expiring(now - HOUR)
    window = {"name": "Move", "starts_at": now, "ends_at": now + HOUR, "monitor_ids": [monitor.pk]}
    create_window(workspace=workspace, by=by_alice, now=now, fields=window)
    become(incident, "MAJOR", now, 7)
    become(incident, "CRITICAL", now + timedelta(minutes=5))
    assert told() == [("Chat", "incident_open")]
    assert [tell_held(now=now + HOUR) for _ in range(2)] == [1, 0]
    assert told() == [("Chat", "incident_open")] * 2
    assert Delivery.objects.latest("pk").payload["message"].startswith("Now critical")


def test_a_second_window_holds_back_what_became_worse_in_it(expiring, add_rule, workspace, monitor, by_alice, now):
    add_rule("Chat")
    for hours in (0, 2):
        starts_at = now + hours * HOUR
        window = {"name": "Move", "starts_at": starts_at, "ends_at": starts_at + HOUR, "monitor_ids": [monitor.pk]}
        create_window(workspace=workspace, by=by_alice, now=now, fields=window)
    incident = expiring(now)
    assert tell_held(now=now + HOUR) == 1
    become(incident, "CRITICAL", now + 2 * HOUR)
    assert tell_held(now=now + 3 * HOUR) == 1
    assert told() == [("Chat", "incident_open")] * 2
