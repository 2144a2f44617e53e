"""What planned work holds back: observed and recorded, opened at its end if it still fails."""

import threading
from datetime import timedelta

import pytest
from django.db import connections

from incidents import holding
from incidents.holding import release
from incidents.models import HeldIncident, Incident
from monitors.models import Result, StatusChange
from monitors.planned.deploying import create_deployment, end_deployment
from monitors.planned.maintaining import create_window, delete_window
from tests.monitors.conftest import make as make
from tests.monitors.conftest import see as see
from tests.monitors.conftest import status_of

HOUR = timedelta(hours=1)


@pytest.fixture
def monitor(make, see):
    """Up, and down after one failure."""
    made = make(fail_after_consecutive=1)
    see(made, 1)
    return made


@pytest.fixture
def deployment(monitor, by_alice, now):
    fields = {"name": "Shop", "release": "2", "monitor_ids": [monitor.pk]}
    return create_deployment(workspace=monitor.workspace, by=by_alice, now=now, fields=fields)


@pytest.fixture
def window(monitor, by_alice, now):
    """Open for an hour from `now` on."""

    def made(**fields):
        fields = {"name": "Move", "starts_at": now, "ends_at": now + HOUR, "monitor_ids": [monitor.pk]} | fields
        return create_window(workspace=monitor.workspace, by=by_alice, now=now, fields=fields)

    return made


def end(deployment, by, at):
    return end_deployment(deployment=deployment, by=by, now=at)


def test_down_during_a_deployment_is_recorded_and_opens_nothing(monitor, deployment, see, now):
    see(monitor, 61, ok=False)
    assert status_of(monitor) == "DOWN"
    assert Result.objects.filter(ok=False).count() == 1
    assert StatusChange.objects.filter(after="DOWN").count() == 1
    assert not Incident.objects.exists()
    assert HeldIncident.objects.get().held_by == "deployment Shop 2"
    assert release(now=now + HOUR) == 0


def test_what_still_fails_at_the_end_opens_then_with_its_own_beginning(monitor, deployment, see, by_alice, now):
    see(monitor, 61, ok=False)
    end(deployment, by_alice, now + HOUR)
    incident = Incident.objects.get()
    assert (incident.kind, incident.state) == ("DOWNTIME", "OPEN")
    assert incident.started_at == now + timedelta(seconds=61.1)
    assert incident.cause["failureClass"] == "http_status"
    assert incident.first_failure
    assert incident.events.get(type="OPENED").created_at == now + HOUR
    assert not HeldIncident.objects.exists()


def test_what_has_recovered_by_the_end_opens_nothing(monitor, deployment, see, by_alice, now):
    see(monitor, 61, ok=False)
    see(monitor, 121)
    end(deployment, by_alice, now + HOUR)
    assert not Incident.objects.exists()
    assert not HeldIncident.objects.exists()


def test_slowness_is_held_back_too(make, see, by_alice, now):
    monitor = make(fail_after_consecutive=1, latency_threshold_ms=100)
    fields = {"name": "Shop", "monitor_ids": [monitor.pk]}
    begun = create_deployment(workspace=monitor.workspace, by=by_alice, now=now, fields=fields)
    see(monitor, 1, latency_ms=500.0)
    assert HeldIncident.objects.get().kind == "LATENCY"
    see(monitor, 61, ok=False)
    assert HeldIncident.objects.get().kind == "DOWNTIME"
    end(begun, by_alice, now + HOUR)
    assert Incident.objects.get().kind == "DOWNTIME"


def test_an_incident_that_was_open_before_goes_on(monitor, see, by_alice, now):
    see(monitor, 61, ok=False)
    fields = {"name": "Shop", "monitor_ids": [monitor.pk]}
    create_deployment(workspace=monitor.workspace, by=by_alice, now=now + HOUR, fields=fields)
    assert Incident.objects.get().state == "OPEN"
    see(monitor, 121)
    assert Incident.objects.get().state == "RESOLVED"


def test_another_deployment_goes_on_holding_it_back(monitor, deployment, see, by_alice, now):
    fields = {"name": "Second", "monitor_ids": [monitor.pk]}
    second = create_deployment(workspace=monitor.workspace, by=by_alice, now=now, fields=fields)
    see(monitor, 61, ok=False)
    end(deployment, by_alice, now + HOUR)
    assert not Incident.objects.exists()
    end(second, by_alice, now + HOUR)
    assert Incident.objects.count() == 1


def test_a_window_holds_back_until_it_is_over(monitor, window, see, now):
    window(suppress_incidents=True)
    see(monitor, 61, ok=False)
    assert HeldIncident.objects.get().held_by == "maintenance window Move"
    assert release(now=now + HOUR - timedelta(seconds=1)) == 0
    assert release(now=now + HOUR) == 1
    assert Incident.objects.get().started_at == now + timedelta(seconds=61.1)
    assert release(now=now + HOUR) == 0


def test_a_window_that_is_deleted_holds_nothing_back(monitor, window, see, by_alice, now):
    made = window(suppress_incidents=True)
    see(monitor, 61, ok=False)
    delete_window(window=made, by=by_alice, now=now)
    assert release(now=now + timedelta(minutes=2)) == 1


def test_a_window_that_suppresses_alerts_only_lets_the_incident_open(monitor, window, see):
    window()
    see(monitor, 61, ok=False)
    assert Incident.objects.count() == 1


def test_while_nobody_knows_it_waits(monitor, deployment, see, by_alice, now):
    see(monitor, 61, ok=False)
    monitor.state.refresh_from_db()
    monitor.state.status = "UNKNOWN"
    monitor.state.save()
    end(deployment, by_alice, now + HOUR)
    assert not Incident.objects.exists()
    monitor.state.status = "DOWN"
    monitor.state.save()
    assert release(now=now + HOUR) == 1


def test_another_workspace_s_window_holds_nothing_back(monitor, window, see, charlie, by_alice, now):
    window(suppress_incidents=True, starts_at=now + 2 * HOUR, ends_at=now + 3 * HOUR)
    see(monitor, 61, ok=False)
    assert Incident.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(6))
def test_a_check_that_records_while_the_deployment_ends_opens_one_incident(make, see, by_alice, now, turn):
    """Whichever lock comes first: either the end finds it DOWN, or the check finds nothing that holds it back."""
    monitor = make(fail_after_consecutive=1)
    see(monitor, 1)
    fields = {"name": "Shop", "monitor_ids": [monitor.pk]}
    begun = create_deployment(workspace=monitor.workspace, by=by_alice, now=now, fields=fields)
    gate, broken = threading.Barrier(2), []

    def run(call):
        gate.wait()
        try:
            call()
        except Exception as error:
            broken.append(error)
        finally:
            connections.close_all()

    calls = [lambda: see(monitor, 61, ok=False), lambda: end(begun, by_alice, now + HOUR)]
    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert broken == []
    assert status_of(monitor) == "DOWN"
    assert Incident.objects.count() == 1
    assert not HeldIncident.objects.exists()


def test_what_a_window_held_of_many_opens_at_the_cost_of_one(make, see, by_alice, now, queries_of):
    monitors = [make(name=f"M{number}", fail_after_consecutive=1) for number in range(6)]
    fields = {"name": "Move", "starts_at": now, "ends_at": now + HOUR, "suppress_incidents": True}
    fields["monitor_ids"] = [monitor.pk for monitor in monitors]
    create_window(workspace=monitors[0].workspace, by=by_alice, now=now, fields=fields)
    for monitor in monitors:
        see(monitor, 1)
    see(monitors[0], 61, ok=False)
    first = queries_of(lambda: release(now=now + HOUR))
    for monitor in monitors[1:]:
        see(monitor, 61, ok=False)
    assert HeldIncident.objects.count() == 5
    assert queries_of(lambda: release(now=now + HOUR)) <= first
    assert Incident.objects.count() == 6
    assert not HeldIncident.objects.exists()


def test_more_than_a_batch_is_released_and_a_broken_one_holds_back_no_other(
    make, see, window, by_alice, now, monkeypatch
):
    monkeypatch.setattr(holding, "AT_ONCE", 2)
    monitors = [make(name=f"M{number}", fail_after_consecutive=1) for number in range(5)]
    window(suppress_incidents=True, monitor_ids=[monitor.pk for monitor in monitors])
    for monitor in monitors:
        see(monitor, 1)
        see(monitor, 61, ok=False)

    def open_held(found, *, now):
        if any(one.monitor_id == monitors[1].pk for one in found):
            raise RuntimeError("as a broken row would")
        return opened(found, now=now)

    opened = holding.open_held
    monkeypatch.setattr(holding, "open_held", open_held)
    assert release(now=now + HOUR) == 4
    assert HeldIncident.objects.get().monitor_id == monitors[1].pk
