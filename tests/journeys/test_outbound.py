"""A website that answers, then fails in each way it can, then recovers: each with its class, one incident an outage."""

import time
from datetime import timedelta
from itertools import pairwise

import pytest

from common import clock
from incidents.models import EventType, Incident, State
from monitors.models import MonitorState, Result, StatusChange
from monitors.services import edit_monitor
from tests.journeys.watching import ticking_engine, until, watch
from tests.targets import Target

pytestmark = pytest.mark.django_db(transaction=True)
INTERVAL_SECONDS, TIMEOUT_SECONDS, FAIL_AFTER = 1, 0.8, 2


@pytest.fixture
def engine():
    with ticking_engine() as running:
        yield running


def status(monitor):
    return MonitorState.objects.get(pk=monitor.pk).status


def last_result(monitor):
    return Result.objects.filter(monitor=monitor).order_by("scheduled_at").last()


def goes_down(monitor, *, as_):
    """Waits for DOWN; says how long it took and which class the incident has."""
    began = time.monotonic()
    until(lambda: status(monitor) == "DOWN", within=10, what=f"DOWN by {as_}")
    took = time.monotonic() - began
    incident = monitor.incidents.exclude(state=State.RESOLVED).get()
    assert incident.cause["failureClass"] == as_
    assert took <= FAIL_AFTER * INTERVAL_SECONDS + TIMEOUT_SECONDS + 1 + INTERVAL_SECONDS / 2
    return incident


def recovers(monitor, incident):
    until(lambda: status(monitor) == "OK", within=10, what="recovery")
    incident.refresh_from_db()
    assert incident.state == State.RESOLVED
    types = list(incident.events.values_list("type", flat=True))
    assert (types[0], types[-1]) == (EventType.OPENED, EventType.RESOLVED)
    assert types.count(EventType.OPENED) == types.count(EventType.RESOLVED) == 1


def test_each_outage_is_one_incident_with_its_class_and_its_evidence(workspace, by_alice, engine):
    with Target() as target:
        monitor = watch(workspace, by_alice, target.url("/shop"))
        until(lambda: status(monitor) == "OK", within=10, what="the first answer")
        target.behave("/shop", "status/500")
        first = goes_down(monitor, as_="http_status")
        assert first.title == "Shop: HTTP 500"
        assert first.cause["statusCode"] == first.first_failure["statusCode"] == 500
        assert first.last_good["body"] == "ok"
        assert first.last_good["checkedAt"] < first.first_failure["checkedAt"]
        assert ["Content-Length", "2"] in first.last_good["headers"]
        target.behave("/shop", "status/200")
        recovers(monitor, first)
        for behaviour, failure_class in (("hang", "timeout"), ("reset", "reset")):
            target.behave("/shop", behaviour)
            incident = goes_down(monitor, as_=failure_class)
            target.behave("/shop", "status/200")
            recovers(monitor, incident)
    refused = goes_down(monitor, as_="refused")
    with Target() as again:
        fields = {"settings": {"url": again.url()}, "interval_seconds": 10}
        edit_monitor(monitor=monitor, by=by_alice, now=clock.now(), fields=fields)
        recovers(monitor, refused)
    assert Incident.objects.count() == 4
    assert [change.after for change in StatusChange.objects.order_by("pk")] == ["OK", *["DOWN", "OK"] * 4]
    assert last_result(monitor).lag_ms < 2000


def test_one_failure_opens_nothing(workspace, by_alice, engine):
    with Target() as target:
        monitor = watch(workspace, by_alice, target.url("/shop"), interval_seconds=2)
        until(lambda: status(monitor) == "OK", within=10, what="the first answer")
        target.behave("/shop", "status/503")
        failed = lambda: Result.objects.filter(monitor=monitor, ok=False)  # noqa: E731
        until(lambda: failed().exists(), within=5, what="a failure")
        target.behave("/shop", "status/200")
        until(lambda: last_result(monitor).ok, within=5, what="an answer")
    assert status(monitor) == "OK"
    assert not Incident.objects.exists()


def test_slow_answers_are_degraded_until_they_are_fast_again(workspace, by_alice, engine):
    with Target() as target:
        monitor = watch(workspace, by_alice, target.url("/shop"), latency_threshold_ms=100)
        until(lambda: status(monitor) == "OK", within=10, what="the first answer")
        target.behave("/shop", "delay/250")
        until(lambda: status(monitor) == "DEGRADED", within=10, what="DEGRADED")
        incident = Incident.objects.get()
        assert (incident.kind, incident.cause["failureClass"]) == ("LATENCY", None)
        assert incident.cause["latencyMs"] > 200
        target.behave("/shop", "status/200")
        recovers(monitor, incident)


def test_checks_keep_to_their_grid(workspace, by_alice, engine):
    with Target() as target:
        monitor = watch(workspace, by_alice, target.url("/shop"))
        until(lambda: Result.objects.filter(monitor=monitor).count() > 4, within=10, what="five results")
    slots = list(Result.objects.filter(monitor=monitor).order_by("scheduled_at").values_list("scheduled_at", flat=True))
    assert {two - one for one, two in pairwise(slots[1:])} == {timedelta(seconds=1)}
