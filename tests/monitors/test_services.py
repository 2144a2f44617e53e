"""Making, editing, pausing and removing monitors: what changes, what stays, who may wait for whom."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import AuditEntry
from common.invalid import Conflict, Invalid
from incidents.models import Incident, State
from monitors.masking import MASK
from monitors.models import Monitor, Region, Result, Status
from monitors.results.recording import record
from monitors.services import create_monitor, delete_monitor, edit_monitor, pause, resume
from monitors.upkeep import mark_unwatched
from tests.monitors.conftest import region_state, result_of, status_of

pytestmark = pytest.mark.django_db
SECRET = {
    "request": {"auth": {"type": "basic", "username": "me", "password": "hunter2"}, "headers": {"X-Api-Key": "k1"}}
}


def pointers(error):
    return sorted(one.pointer for one in error.value.errors)


def test_every_wrong_field_is_named_at_once(workspace, by_alice, now):
    fields = {
        "name": "",
        "type": "http",
        "settings": {"url": "ftp://x", "request": {"method": "BREW"}},
        "regions": ["mars", {}],
        "depends_on": [999, True],
        "service_group": "x",
        "tags": [1],
        "paused": 1,
    }
    with pytest.raises(Invalid) as error:
        create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields)
    wrong = ["/dependsOn", "/name", "/paused", "/regions", "/request/method", "/serviceGroupId", "/tags", "/url"]
    assert pointers(error) == wrong
    assert not Monitor.objects.exists()


@pytest.mark.parametrize("type", ["", "teapot", None, [], {}])
def test_an_unknown_type_is_named_among_the_others(workspace, by_alice, now, type):
    with pytest.raises(Invalid) as error:
        create_monitor(workspace=workspace, by=by_alice, now=now, fields={"name": "", "type": type})
    assert pointers(error) == ["/name", "/type"]


def test_an_external_key_is_one_monitors_own(make):
    make(external_key="shop")
    with pytest.raises(Invalid) as error:
        make(external_key="shop", name="Other")
    assert pointers(error) == ["/externalKey"]


def test_dependencies_do_not_go_round_in_circles(make, by_alice, now):
    one, two, three = make(name="1"), make(name="2"), make(name="3")
    edit_monitor(monitor=two, by=by_alice, now=now, fields={"depends_on": [one.pk]})
    edit_monitor(monitor=three, by=by_alice, now=now, fields={"depends_on": [two.pk]})
    for ids in ([three.pk], [one.pk]):
        with pytest.raises(Invalid) as error:
            edit_monitor(monitor=one, by=by_alice, now=now, fields={"depends_on": ids})
        assert pointers(error) == ["/dependsOn"]


def test_another_workspaces_objects_do_not_exist(make, charlie, by_alice, now):
    theirs = create_monitor(
        workspace=charlie.workspaces.get(), by=by_alice, now=now,
        fields={"name": "Theirs", "type": "http", "settings": {"url": "http://x.example/"}},
    )  # fmt: skip
    with pytest.raises(Invalid) as error:
        make(depends_on=[theirs.pk])
    assert pointers(error) == ["/dependsOn"]


def test_a_heartbeat_needs_no_region(workspace, by_alice, now):
    Region.objects.update(is_enabled=False)
    settings = {"schedule": {"kind": "interval", "interval_seconds": 60}}
    fields = {"name": "Backup", "type": "heartbeat", "settings": settings}
    assert create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields).region_states.count() == 0


def test_a_change_of_one_setting_keeps_the_others_and_their_secrets(make, by_alice, now):
    monitor = make(settings={"url": "http://shop.example/", **SECRET})
    edited = edit_monitor(monitor=monitor, by=by_alice, now=now, fields={"settings": {"request": {"method": "HEAD"}}})
    request = edited.settings["request"]
    assert request["method"] == "HEAD"
    assert request["auth"]["password"] == "hunter2"
    assert request["headers"] == {"X-Api-Key": "k1"}


def test_a_whole_edit_resets_what_it_leaves_out_but_a_mask_keeps_its_secret(make, by_alice, now):
    monitor = make(settings={"url": "http://shop.example/", **SECRET})
    auth = {"type": "basic", "username": "you", "password": MASK}
    settings = {"url": "http://shop.example/", "request": {"auth": auth}}
    edited = edit_monitor(monitor=monitor, by=by_alice, now=now, fields={"settings": settings}, whole=True)
    assert edited.settings["request"]["auth"] == {
        "type": "basic",
        "username": "you",
        "password": "hunter2",
        "token": None,
    }
    assert edited.settings["request"]["headers"] == {}


def test_no_secret_enters_the_audit_log(make, by_alice, now):
    monitor = make(settings={"url": "http://shop.example/", **SECRET})
    auth = {"auth": {"password": "correct horse"}}
    edit_monitor(monitor=monitor, by=by_alice, now=now, fields={"settings": {"request": auth}, "name": "Store"})
    written = str(list(AuditEntry.objects.values()))
    assert "hunter2" not in written
    assert "correct horse" not in written
    assert AuditEntry.objects.get(verb="edit").changes == {"name": ["Shop", "Store"], "settings": ["request"]}


def test_a_rename_leaves_the_checks_alone(make, see, by_alice, now):
    monitor = make()
    see(monitor, 1, ok=False)
    before = region_state(monitor)
    edit_monitor(monitor=monitor, by=by_alice, now=now + timedelta(seconds=5), fields={"name": "Store", "tags": ["x"]})
    after = region_state(monitor)
    assert (after.claimable_at, after.consecutive_failures) == (before.claimable_at, 1)


def test_another_target_starts_anew_and_leaves_no_incident_open_for_ever(make, see, by_alice, now):
    monitor = make()
    for at in (1, 61, 121):
        see(monitor, at, ok=False)
    at = now + timedelta(seconds=130)
    monitor = edit_monitor(monitor=monitor, by=by_alice, now=at, fields={"settings": {"url": "http://new.example/"}})
    state = region_state(monitor)
    assert (state.is_down, state.consecutive_failures, state.good_evidence_at) == (None, 0, None)
    assert at < state.claimable_at <= at + timedelta(seconds=1.1)
    assert status_of(monitor) == Status.DOWN
    mark_unwatched(now=at + timedelta(seconds=2))
    assert status_of(monitor) == Status.DOWN
    see(monitor, 131)
    assert (status_of(monitor), Incident.objects.get().state) == (Status.OK, State.RESOLVED)


def test_a_shorter_interval_makes_no_gap_of_the_time_before(make, see, by_alice, now):
    monitor = make(interval_seconds=86_400)
    see(monitor, 1)
    hour = now + timedelta(hours=1)
    monitor = edit_monitor(monitor=monitor, by=by_alice, now=hour, fields={"interval_seconds": 10})
    see(monitor, 3601)
    assert list(monitor.status_changes.values_list("after", flat=True)) == ["OK"]
    mark_unwatched(now=hour + timedelta(seconds=40))
    assert status_of(monitor) == Status.UNKNOWN, "but now it is looked for every 10 s"


def test_a_region_more_does_not_make_it_unknown(make, see, by_alice, now):
    monitor = make()
    see(monitor, 1)
    Region.objects.create(key="r2", name="R2")
    at = now + timedelta(seconds=10)
    monitor = edit_monitor(monitor=monitor, by=by_alice, now=at, fields={"regions": ["default", "r2"]})
    see(monitor, 61)
    assert status_of(monitor) == Status.OK
    for later in (121, 181, 241):
        see(monitor, later)
    mark_unwatched(now=now + timedelta(seconds=242))
    assert status_of(monitor) == Status.UNKNOWN, "the new region never looked"


def test_pausing_closes_incidents_and_resuming_waits_for_an_observation(make, see, by_alice, now):
    monitor = make()
    for at in (1, 61):
        see(monitor, at, ok=False)
    monitor = pause(monitor=monitor, by=by_alice, now=now + timedelta(seconds=90))
    assert (monitor.is_paused, monitor.state.status) == (True, Status.PAUSED)
    assert Incident.objects.get().state == State.RESOLVED
    assert region_state(monitor).claimable_at is None
    assert pause(monitor=monitor, by=by_alice, now=now).version == monitor.version
    later = now + timedelta(days=3)
    monitor = resume(monitor=monitor, by=by_alice, now=later)
    assert monitor.state.status == Status.RESUMED
    assert later < region_state(monitor).claimable_at <= later + timedelta(seconds=1.1)
    see(monitor, 3 * 86_400 + 1)
    assert list(monitor.status_changes.values_list("after", flat=True)) == ["DOWN", "PAUSED", "RESUMED", "OK"]


def test_an_edit_can_pause_and_resume(make, by_alice, now):
    monitor = make(paused=True)
    assert status_of(monitor) == Status.PAUSED
    monitor = edit_monitor(monitor=monitor, by=by_alice, now=now, fields={"paused": False})
    assert (monitor.is_paused, status_of(monitor)) == (False, Status.RESUMED)
    edit_monitor(monitor=monitor, by=by_alice, now=now, fields={"paused": True})
    assert status_of(monitor) == Status.PAUSED


def test_what_is_gone_is_a_conflict(make, by_alice, now):
    monitor = make()
    delete_monitor(monitor=Monitor.objects.get(pk=monitor.pk), by=by_alice, now=now)
    for act in (pause, resume, delete_monitor):
        with pytest.raises(Conflict):
            act(monitor=monitor, by=by_alice, now=now)
    with pytest.raises(Conflict):
        edit_monitor(monitor=monitor, by=by_alice, now=now, fields={})


def test_a_type_does_not_change(make, by_alice, now):
    with pytest.raises(Invalid) as error:
        edit_monitor(monitor=make(), by=by_alice, now=now, fields={"type": "heartbeat"})
    assert pointers(error) == ["/type"]


@pytest.mark.django_db(transaction=True)
def test_editors_engines_and_the_clock_never_wait_for_each_other_in_a_circle(make, by_alice, now):
    monitors = [make(name=f"M{number}", fail_after_consecutive=1, regions=2) for number in range(4)]
    doomed = make(name="Doomed", regions=2)
    start, errors = threading.Barrier(4), []

    def engine(region):
        for turn in range(1, 13):
            at = now + timedelta(seconds=60 * turn)
            record([result_of(one, at, ok=turn % 2 == 0, region=region) for one in [*monitors, doomed]], now=at)

    def editor():
        for turn in range(1, 7):
            for monitor in reversed(monitors):
                at = now + timedelta(seconds=120 * turn)
                edit_monitor(monitor=monitor, by=by_alice, now=at, fields={"external_key": f"{monitor.pk}-{turn}"})
                pause(monitor=monitor, by=by_alice, now=at)
                resume(monitor=monitor, by=by_alice, now=at)
        delete_monitor(monitor=doomed, by=by_alice, now=now)

    def clock():
        for turn in range(1, 20):
            mark_unwatched(now=now + timedelta(seconds=240 * turn))

    def run(body, *args):
        start.wait()
        try:
            body(*args)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    bodies = [(engine, "default"), (engine, "r2"), (editor,), (clock,)]
    threads = [threading.Thread(target=run, args=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert not Result.objects.filter(monitor=doomed.pk).exists()
    for monitor in monitors:
        assert monitor.incidents.exclude(state=State.RESOLVED).count() <= 1
