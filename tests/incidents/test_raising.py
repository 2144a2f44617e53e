"""Incidents that become worse: one transaction for many, each told once, never one that is over."""

import pytest

from incidents.events import incidents_raised
from incidents.models import Incident, Kind, Severity
from incidents.raising import Raise, is_worse, raise_incidents
from incidents.services import open_incident, resolve_incident
from tests.monitors.conftest import make as make


@pytest.fixture
def warnings(make, now):
    """`warnings(count)`: so many open warnings, each of a monitor of its own."""

    def opened(count):
        monitors = [make(name=f"Shop {number}") for number in range(count)]
        return [
            open_incident(
                workspace=monitor.workspace, monitor=monitor, kind=Kind.SSL, severity=Severity.WARNING,
                title=f"{monitor.name}: soon", started_at=now, now=now, cause={"detail": "Soon.", "region": "default"},
            )
            for monitor in monitors
        ]  # fmt: skip

    return opened


def raised(incidents, severity="CRITICAL"):
    return [Raise(one.pk, severity, f"{one.title}er", "Sooner.", 1) for one in incidents]


def test_severity_title_and_cause_move_and_the_timeline_tells_it(warnings, now):
    raise_incidents(raised(warnings(1)), now=now)
    incident = Incident.objects.get()
    assert (incident.severity, incident.title, incident.version) == ("CRITICAL", "Shop 0: sooner", 2)
    assert incident.cause == {"detail": "Sooner.", "region": "default", "passed": 1}
    line = incident.events.last()
    assert (line.type, line.message) == ("RAISED", "Now critical: Sooner.")
    assert line.data["severity"] == ["WARNING", "CRITICAL"]


def test_severity_never_falls(warnings, now):
    incidents = warnings(1)
    raise_incidents(raised(incidents, "MAJOR"), now=now)
    raise_incidents(raised(incidents, "MINOR"), now=now)
    assert Incident.objects.get().severity == "MAJOR"
    assert Incident.objects.get().events.last().message == "Sooner."


def test_what_is_over_stays_as_it_is(warnings, now):
    incident = resolve_incident(incident=warnings(1)[0], now=now)
    assert raise_incidents(raised([incident]), now=now) == []
    assert Incident.objects.get().severity == "WARNING"


def test_many_cost_as_many_statements_as_one(warnings, now, django_assert_max_num_queries):
    heard = []

    def hear(*, happened, **_):
        heard.append([one.incident.severity for one in happened])

    incidents = warnings(20)
    incidents_raised.connect(hear)
    try:
        with django_assert_max_num_queries(30):
            raise_incidents(raised(incidents), now=now)
    finally:
        incidents_raised.disconnect(hear)
    assert heard == [["CRITICAL"] * 20]


@pytest.mark.parametrize(
    ("one", "other", "worse"),
    [
        ("MINOR", "WARNING", True),
        ("CRITICAL", "MAJOR", True),
        ("MAJOR", "MAJOR", False),
        ("WARNING", "CRITICAL", False),
    ],
)
def test_severities_have_an_order(one, other, worse):
    assert is_worse(one, other) is worse
