"""What each change of status does to the incidents of a monitor."""

import pytest
from django.db import transaction

from incidents.models import Incident, Kind, State
from monitors.models import MonitorState, Status
from monitors.services import change_status, create_monitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def go(workspace, by_alice, now):
    """`go("OK", "DOWN")`: a monitor through these statuses; returns its open kinds."""
    fields = {"name": "Shop", "type": "http", "settings": {"url": "http://x.example/"}, "latency_threshold_ms": 90}
    monitor = create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields)

    def through(*statuses, evidence=None):
        for to in statuses:
            with transaction.atomic():
                state = MonitorState.objects.select_for_update().get(pk=monitor.pk)
                change_status(monitor=monitor, state=state, to=to, at=now, now=now, evidence=evidence)
        return set(Incident.objects.exclude(state=State.RESOLVED).values_list("kind", flat=True))

    return through


@pytest.mark.parametrize(
    ("statuses", "open_kinds"),
    [
        (["OK"], set()),
        (["DOWN"], {"DOWNTIME"}),
        (["DEGRADED"], {"LATENCY"}),
        (["DEGRADED", "DOWN"], {"DOWNTIME"}),
        (["DOWN", "DEGRADED"], {"LATENCY"}),
        (["DOWN", "OK"], set()),
        (["DEGRADED", "OK"], set()),
        (["DOWN", "UNKNOWN"], {"DOWNTIME"}),
        (["DOWN", "UNKNOWN", "DOWN"], {"DOWNTIME"}),
        (["DOWN", "UNKNOWN", "OK"], set()),
        (["DEGRADED", "UNKNOWN"], {"LATENCY"}),
        (["DEGRADED", "UNKNOWN", "DEGRADED"], {"LATENCY"}),
        (["DOWN", "PAUSED"], set()),
        (["DEGRADED", "PAUSED", "RESUMED"], set()),
        (["OK", "LATE"], set()),
        (["OK", "LATE", "DOWN"], {"DOWNTIME"}),
    ],
    ids=lambda value: "-".join(value) or "none",
)
def test_open_incidents_after(go, statuses, open_kinds):
    assert go(*statuses) == open_kinds


def test_an_outage_with_a_blind_spell_is_one_incident(go):
    go("DOWN", "UNKNOWN", "DOWN", "OK")
    assert Incident.objects.filter(kind=Kind.DOWNTIME).count() == 1


@pytest.mark.parametrize(
    ("cause", "title"),
    [
        ({"failureClass": "http_status", "statusCode": 503}, "Shop: HTTP 503"),
        ({"failureClass": "dns"}, "Shop: name not resolved"),
        ({}, "Shop: down"),
    ],
)
def test_its_title_says_what_is_wrong(go, cause, title):
    go(Status.DOWN, evidence={"cause": cause})
    assert Incident.objects.get().title == title


def test_the_same_status_again_is_no_change(go):
    go("DOWN", "DOWN")
    assert Incident.objects.get().events.count() == 1
