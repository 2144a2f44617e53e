"""Deployments: from plan to end, what they pause and resume, and that a person's word outlasts them."""

import threading
from datetime import timedelta

import pytest
from django.db import connections, transaction

from accounts.models import AuditEntry
from common.invalid import Conflict, Invalid
from monitors import services
from monitors.grouping import create_group, delete_group
from monitors.models import CoveredMonitor, Deployment, Monitor, StatusChange
from monitors.planned import moving
from monitors.planned.deploying import (
    create_deployment,
    delete_deployment,
    edit_deployment,
    end_deployment,
)
from monitors.planned.moving import move_deployments
from monitors.planned.selectors import held_back
from tests.monitors.conftest import status_of

HOUR = timedelta(hours=1)


@pytest.fixture
def deploy(workspace, by_alice, now):
    """`deploy(monitor, …)`: a deployment over these monitors, begun unless it is scheduled."""

    def made(*monitors, at=None, **fields):
        fields = {"name": "Shop", "monitor_ids": [one.pk for one in monitors], **fields}
        return create_deployment(workspace=workspace, by=by_alice, now=at or now, fields=fields)

    return made


@pytest.fixture
def end(by_alice, now):
    return lambda deployment: end_deployment(deployment=deployment, by=by_alice, now=now + HOUR)


def test_it_begins_at_once_and_ends_when_told(make, deploy, end, now):
    monitor = make()
    begun = deploy(monitor, release="1.4.2")
    assert (begun.state, begun.started_at) == ("ACTIVE", now)
    assert held_back(monitor, now) == "deployment Shop 1.4.2"
    ended = end(begun)
    assert (ended.state, ended.ended_at) == ("ENDED", now + HOUR)
    assert held_back(monitor, now + HOUR) is None
    assert [entry.verb for entry in AuditEntry.objects.filter(object_type="deployment").order_by("pk")] == [
        "create",
        "end",
    ]


def test_ending_twice_changes_nothing(make, deploy, end, by_alice, now):
    ended = end(deploy(make()))
    again = end_deployment(deployment=ended, by=by_alice, now=now + 2 * HOUR)
    assert again.ended_at == now + HOUR


def test_a_scheduled_one_begins_and_ends_by_the_clock(make, deploy, now):
    monitor = make()
    times = {"scheduled_start_at": now + HOUR, "scheduled_end_at": now + 2 * HOUR}
    made = deploy(monitor, auto_pause=True, **times)
    assert made.state == "SCHEDULED"
    assert move_deployments(now=now + HOUR - timedelta(seconds=1)) == 0
    assert move_deployments(now=now + HOUR) == 1
    assert status_of(monitor) == "PAUSED"
    assert move_deployments(now=now + HOUR) == 0
    assert move_deployments(now=now + 2 * HOUR) == 1
    assert status_of(monitor) == "RESUMED"
    made.refresh_from_db()
    assert (made.started_at, made.ended_at) == (now + HOUR, now + 2 * HOUR)


def test_one_that_never_began_ends_without_a_start(make, deploy, end, now):
    ended = end(deploy(make(), scheduled_start_at=now + 3 * HOUR))
    assert (ended.state, ended.started_at) == ("ENDED", None)
    assert move_deployments(now=now + 4 * HOUR) == 0


def test_one_whose_time_has_passed_unseen_ends_without_pausing_anything(make, deploy, now):
    monitor = make()
    times = {"scheduled_start_at": now + HOUR, "scheduled_end_at": now + 2 * HOUR}
    made = deploy(monitor, auto_pause=True, **times)
    assert move_deployments(now=now + 3 * HOUR) == 1
    made.refresh_from_db()
    assert (made.state, made.started_at, status_of(monitor)) == ("ENDED", None, "NEW")


def test_a_group_is_covered_as_it_is_at_the_start(make, deploy, workspace, by_alice, now):
    first, second = make(name="First"), make(name="Second")
    group = create_group(workspace=workspace, by=by_alice, now=now, fields={"name": "Web", "monitor_ids": [first.pk]})
    deploy(service_group_id=group.pk)
    services.edit_monitor(monitor=second, by=by_alice, now=now, fields={"service_group": group.pk})
    assert held_back(first, now)
    assert held_back(second, now) is None


def test_deleting_a_group_leaves_the_deployment_and_the_monitors(make, deploy, workspace, by_alice, now):
    monitor = make()
    group = create_group(workspace=workspace, by=by_alice, now=now, fields={"name": "Web", "monitor_ids": [monitor.pk]})
    begun = deploy(service_group_id=group.pk)
    delete_group(group=group, by=by_alice, now=now)
    begun.refresh_from_db()
    assert begun.service_group is None
    assert held_back(Monitor.objects.get(pk=monitor.pk), now)


class TestAutoPause:
    def test_pauses_and_resumes(self, make, deploy, end):
        monitor = make()
        begun = deploy(monitor, auto_pause=True)
        assert status_of(monitor) == "PAUSED"
        end(begun)
        assert status_of(monitor) == "RESUMED"

    @pytest.mark.parametrize("first_ends", [0, 1])
    def test_overlapping_ones_resume_with_the_last(self, make, deploy, end, first_ends):
        monitor = make()
        both = [deploy(monitor, auto_pause=True), deploy(monitor, auto_pause=True)]
        end(both[first_ends])
        assert status_of(monitor) == "PAUSED"
        end(both[1 - first_ends])
        assert status_of(monitor) == "RESUMED"

    def test_one_that_does_not_pause_keeps_nothing_paused(self, make, deploy, end):
        monitor = make()
        pausing, plain = deploy(monitor, auto_pause=True), deploy(monitor)
        end(pausing)
        assert status_of(monitor) == "RESUMED"
        end(plain)

    def test_what_was_paused_by_hand_before_stays_paused(self, make, deploy, end, by_alice, now):
        monitor = make()
        services.pause(monitor=monitor, by=by_alice, now=now)
        end(deploy(monitor, auto_pause=True))
        assert status_of(monitor) == "PAUSED"

    def test_what_is_paused_by_hand_meanwhile_stays_paused(self, make, deploy, end, by_alice, now):
        monitor = make()
        both = [deploy(monitor, auto_pause=True), deploy(monitor, auto_pause=True)]
        services.pause(monitor=monitor, by=by_alice, now=now)
        for one in both:
            end(one)
        assert status_of(monitor) == "PAUSED"

    def test_what_is_resumed_by_hand_meanwhile_is_left_alone(self, make, deploy, end, see, by_alice, now):
        monitor = make()
        begun = deploy(monitor, auto_pause=True)
        services.resume(monitor=monitor, by=by_alice, now=now)
        see(monitor, 5)
        end(begun)
        assert status_of(monitor) == "OK"

    def test_writing_back_what_was_read_is_no_pause_by_hand(self, make, deploy, end, by_alice, now):
        monitor = make()
        begun = deploy(monitor, auto_pause=True)
        services.edit_monitor(monitor=monitor, by=by_alice, now=now, fields={"name": "Renamed", "paused": True})
        end(begun)
        assert status_of(monitor) == "RESUMED"

    def test_deleting_it_ends_it_first(self, make, deploy, by_alice, now):
        monitor = make()
        delete_deployment(deployment=deploy(monitor, auto_pause=True), by=by_alice, now=now)
        assert status_of(monitor) == "RESUMED"
        assert not Deployment.objects.exists()

    def test_a_monitor_that_is_deleted_meanwhile_hinders_nothing(self, make, deploy, end, by_alice, now):
        gone, stays = make(name="Gone"), make(name="Stays")
        begun = deploy(gone, stays, auto_pause=True)
        services.delete_monitor(monitor=gone, by=by_alice, now=now)
        end(begun)
        assert status_of(stays) == "RESUMED"


def wrong(call):
    with pytest.raises(Invalid) as caught:
        call()
    return {error.pointer: error.code for error in caught.value.errors}


def test_every_wrong_field_is_named_at_once(deploy, now):
    fields = {
        "name": " ", "link": "javascript:1", "release": "x" * 121, "service_group_id": 999, "monitor_ids": [998],
        "scheduled_end_at": now - HOUR,
    }  # fmt: skip
    assert wrong(lambda: deploy(**fields)) == {
        "/name": "length", "/link": "url", "/version": "length", "/serviceGroupId": "unknown_id",
        "/monitorIds": "unknown_id", "/scheduledEndAt": "order",
    }  # fmt: skip
    assert wrong(lambda: deploy()) == {"/monitorIds": "required"}
    assert not Deployment.objects.exists()


def test_what_it_covers_is_fixed_at_its_start_and_its_end_at_its_end(make, deploy, end, by_alice, now):
    first, second = make(name="First"), make(name="Second")
    begun = deploy(first)
    edit = lambda **fields: edit_deployment(deployment=begun, by=by_alice, now=now + HOUR, fields=fields)  # noqa: E731
    assert wrong(lambda: edit(monitor_ids=[second.pk], auto_pause=True)) == {
        "/monitorIds": "immutable", "/autoPause": "immutable",
    }  # fmt: skip
    assert edit(name="Renamed", scheduled_end_at=now + 2 * HOUR).scheduled_end_at == now + 2 * HOUR
    end(begun)
    assert wrong(lambda: edit(scheduled_end_at=now + 3 * HOUR)) == {"/scheduledEndAt": "immutable"}
    assert edit(author="Ada").author == "Ada"


def test_a_scheduled_one_may_change_and_begins_when_its_start_is_taken_away(make, deploy, by_alice, now):
    first, second = make(name="First"), make(name="Second")
    planned = deploy(first, scheduled_start_at=now + HOUR)
    fields = {"monitor_ids": [second.pk], "scheduled_start_at": None}
    assert edit_deployment(deployment=planned, by=by_alice, now=now, fields=fields).state == "ACTIVE"
    assert held_back(first, now) is None
    assert held_back(second, now)


def test_one_that_is_gone_is_a_conflict(make, deploy, by_alice, now):
    begun = deploy(make())
    delete_deployment(deployment=begun, by=by_alice, now=now)
    begun.pk = 1
    with pytest.raises(Conflict):
        end_deployment(deployment=begun, by=by_alice, now=now)


BEATS = {"type": "heartbeat", "settings": {"schedule": {"kind": "interval", "interval_seconds": 60}}}


@pytest.fixture
def planned(make, deploy, workspace, by_alice, now):
    """`planned(deployments, monitors)`: so many over as many of each kind, that begin and end by the clock."""
    numbers = iter(range(1, 10_000))
    times = {"scheduled_start_at": now + HOUR, "scheduled_end_at": now + 2 * HOUR}

    def plan(deployments, monitors):
        watched = [make(name=f"M{next(numbers)}") for _ in range(monitors)]
        for _ in range(monitors):
            fields = {"name": f"H{next(numbers)}", **BEATS}
            watched.append(services.create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields))
        return [deploy(*watched, auto_pause=True, **times) for _ in range(deployments)], watched

    return plan


def test_one_over_one_monitor_costs_as_many_queries_as_five_over_five(planned, queries_of, now):
    start, end = (lambda at=at: move_deployments(now=now + at * HOUR) for at in (1, 2))
    planned(1, 1)
    few = queries_of(start), queries_of(end)
    Deployment.objects.all().delete()
    _, monitors = planned(5, 5)
    assert queries_of(start) == few[0]
    assert {status_of(monitor) for monitor in monitors} == {"PAUSED"}
    assert CoveredMonitor.objects.filter(is_auto_paused=True).count() == 5 * 10
    assert queries_of(end) == few[1]
    assert {status_of(monitor) for monitor in monitors} == {"RESUMED"}


def test_while_nothing_is_due_the_clock_asks_one_query(planned, queries_of, now):
    planned(1, 1)
    assert queries_of(lambda: move_deployments(now=now)) == 1


def test_more_are_due_than_a_batch_takes(planned, monkeypatch, now):
    monkeypatch.setattr(moving, "BATCH", 2)
    planned(5, 1)
    assert move_deployments(now=now + HOUR) == 5
    assert move_deployments(now=now + 2 * HOUR) == 5


def test_one_that_cannot_be_moved_holds_back_no_other(planned, monkeypatch, caplog, now):
    deployments, _ = planned(3, 1)
    bad = deployments[1].pk
    write = moving._write

    def writing(chosen, *rest):
        if bad in {one.pk for one in chosen}:
            raise RuntimeError("this one cannot be written")
        write(chosen, *rest)

    monkeypatch.setattr(moving, "_write", writing)
    assert move_deployments(now=now + HOUR) == 2
    assert [one.state for one in Deployment.objects.order_by("pk")] == ["ACTIVE", "SCHEDULED", "ACTIVE"]
    assert "could not be moved on" in caplog.text


def test_the_history_names_the_first_that_paused_and_the_last_that_kept_it(make, deploy, now):
    monitor = make()
    times = {"scheduled_start_at": now + HOUR, "scheduled_end_at": now + 2 * HOUR, "auto_pause": True}
    for name in ("First", "Last"):
        deploy(monitor, name=name, **times)
    move_deployments(now=now + HOUR)
    move_deployments(now=now + 2 * HOUR)
    reasons = StatusChange.objects.filter(monitor=monitor).order_by("pk").values_list("reason", flat=True)
    assert list(reasons) == ["Paused for the deployment First", "Resumed after the deployment Last"]
    verbs = AuditEntry.objects.filter(object_type="monitor", object_id=monitor.pk).exclude(verb="create")
    assert sorted(verbs.values_list("verb", "actor")) == [("pause", "system"), ("resume", "system")]


def together(*calls):
    """Runs each in a thread with a connection of its own, all from the same moment."""
    gate, broken = threading.Barrier(len(calls)), []

    def run(call):
        gate.wait()
        try:
            call()
        except Exception as error:
            broken.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert broken == []


@pytest.mark.django_db(transaction=True)
def test_two_overlapping_ones_that_end_at_once_resume_everything(make, deploy, end):
    monitors = [make(name=f"M{number}") for number in range(3)]
    for _ in range(5):
        one, other = deploy(*monitors[:2], auto_pause=True), deploy(*monitors[1:], auto_pause=True)
        together(lambda one=one: end(one), lambda other=other: end(other))
        assert [status_of(monitor) for monitor in monitors] == ["RESUMED"] * 3


@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_begin_it_once(make, deploy, now):
    made = deploy(make(), scheduled_start_at=now + HOUR)
    together(*[lambda: move_deployments(now=now + HOUR)] * 2)
    assert made.covered.count() == 1
    made.refresh_from_db()
    assert made.state == "ACTIVE"


@pytest.mark.django_db(transaction=True)
def test_a_hand_that_pauses_while_it_ends_is_obeyed_or_was_too_early(make, deploy, end, by_alice, now):
    """Whichever comes first: a pause after the end stays too, so the monitor is paused in any case."""
    monitor = make()
    begun = deploy(monitor, auto_pause=True)
    together(lambda: end(begun), lambda: services.pause(monitor=monitor, by=by_alice, now=now + HOUR))
    assert status_of(monitor) == "PAUSED"
    with transaction.atomic():
        assert not CoveredMonitor.objects.filter(deployment__state="ACTIVE").exists()
