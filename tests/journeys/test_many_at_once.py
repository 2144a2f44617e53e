"""Many monitors that change at once: as cheap as one, with the same outcome, and none holds back another."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from accounts.actor import SYSTEM
from alerts.models import Channel, Delivery
from alerts.rules.services import create_rule
from alerts.services import create_action_group
from incidents import events
from incidents.models import Incident, TimelineEvent
from incidents.opening import Opening, open_incidents
from incidents.services import resolve_incidents
from monitors.models import Monitor, MonitorState, Status, StatusChange
from monitors.planned.maintaining import create_window
from monitors.services import Turn, change_status, change_statuses
from signals.models import HeartbeatState
from signals.services import settle
from signals.sweep import sweep
from tests.signals.conftest import make_heartbeat as make_heartbeat
from tests.signals.conftest import status_of
from tests.signals.test_settling import store

# SQLite takes 999 values a statement: a wide insert of fifty rows is two of them there.
SPLIT = 4
OUTAGE = ("DOWN", "UNKNOWN", "DOWN", "OK")


@pytest.fixture
def make_many(workspace, now):
    """`make_many(3)`: monitors that are up, each with an action group, under a rule for all of them."""

    def made(count):
        found = []
        for number in range(count):
            monitor = Monitor.objects.create(workspace=workspace, name=f"Shop {number}", type="http", tags=["prod"])
            MonitorState.objects.create(monitor=monitor, status=Status.OK, status_since=now)
            fields = {"name": f"Hook {number}", "url": "http://127.0.0.1:9/"}
            create_action_group(monitor=monitor, type="webhook", by=SYSTEM, now=now, fields=fields)
            found.append(monitor)
        return found

    shared = Channel.objects.create(workspace=workspace, name="All", type="webhook", config={})
    create_rule(workspace=workspace, by=SYSTEM, fields={"name": "All", "channel_ids": [shared.pk]})
    return made


def turns(monitors, *statuses, at):
    """Every monitor through these statuses, as one batch."""
    states = MonitorState.objects.in_bulk([one.pk for one in monitors])
    causes = {one.pk: {"cause": {"detail": f"seen on {one.name}"}} for one in monitors}
    return [
        Turn(one, states[one.pk], to, at + timedelta(seconds=place), "So it is", causes[one.pk])
        for one in monitors
        for place, to in enumerate(statuses)
    ]


def outcome(monitors):
    """All that a change leaves behind, in words that two monitors share."""
    pks = [one.pk for one in monitors]
    told = Delivery.objects.filter(incident__monitor__in=pks).order_by("pk")
    return {
        "changes": list(StatusChange.objects.filter(monitor__in=pks).values_list("at", "before", "after", "reason")),
        "states": list(MonitorState.objects.filter(pk__in=pks).values_list("status", "status_since")),
        "incidents": list(
            Incident.objects.filter(monitor__in=pks)
            .order_by("pk")
            .values_list("kind", "state", "severity", "started_at", "resolved_at", "version")
        ),
        "lines": list(TimelineEvent.objects.filter(incident__monitor__in=pks).values_list("type", "message")),
        "told": sorted((one.event, one.channel.name == "All", one.payload["message"]) for one in told),
    }


@pytest.mark.django_db
def test_a_batch_leaves_what_one_by_one_leaves(make_many, now):
    together, single = make_many(3), make_many(3)
    change_statuses(turns(together, *OUTAGE, at=now), now=now)
    for one in single:
        for turn in turns([one], *OUTAGE, at=now):
            change_status(now=now, **(turn._asdict() | {"state": MonitorState.objects.get(pk=one.pk)}))
    for batched, alone in zip(together, single, strict=True):
        left = outcome([batched])
        assert len(left["incidents"]) == 1
        assert len(left["told"]) == 4
        assert left["lines"][0] == ("OPENED", f"{batched.name}: down")
        assert str(left).replace(batched.name, "X") == str(outcome([alone])).replace(alone.name, "X")


@pytest.mark.django_db
def test_fifty_changes_cost_the_queries_of_one(make_many, now, workspace, by_alice):
    window = {"name": "Move", "starts_at": now, "ends_at": now + timedelta(hours=1), "suppress_incidents": True}
    few, many, held = make_many(1), make_many(50), make_many(1)
    ids = [one.pk for one in held]
    create_window(workspace=workspace, by=by_alice, now=now, fields=window | {"monitor_ids": ids})
    for statuses in (("DOWN",), ("OK",), ("DEGRADED",), ("PAUSED",)):
        counts = []
        for monitors in (few, many):
            batch = turns(monitors, *statuses, at=now)
            with CaptureQueriesContext(connection) as queries:
                change_statuses(batch, now=now)
            counts.append(len(queries))
        assert counts[1] <= counts[0] + SPLIT, statuses
    assert Incident.objects.count() == 2 * 51


@pytest.mark.django_db
def test_fifty_heartbeats_cost_the_queries_of_one(make_heartbeat, now):
    counts = []
    for count in (1, 50):
        some = [make_heartbeat(name=f"job {count} {number}") for number in range(count)]
        for step, said in enumerate(["SUCCESS", "FAIL", "SUCCESS"]):
            at = now + timedelta(seconds=step)
            for one in some:
                store(one, said, at)
            with CaptureQueriesContext(connection) as queries:
                settle([one.pk for one in some], now=at)
            counts.append(len(queries))
        assert {status_of(one) for one in some} == {"OK"}
    assert all(many <= one + SPLIT for one, many in zip(counts[:3], counts[3:], strict=True))


@pytest.mark.django_db
def test_a_batch_holds_back_what_planned_work_covers_and_opens_the_rest(make_many, now, workspace, by_alice):
    free, covered = make_many(2), make_many(2)
    fields = {
        "name": "Move", "starts_at": now, "ends_at": now + timedelta(hours=1), "suppress_incidents": True,
        "monitor_ids": [one.pk for one in covered],
    }  # fmt: skip
    create_window(workspace=workspace, by=by_alice, now=now, fields=fields)
    change_statuses(turns([*free, *covered], "DOWN", at=now), now=now)
    assert set(Incident.objects.values_list("monitor", flat=True)) == {one.pk for one in free}
    assert {one.held_incidents.get().held_by for one in covered} == {"maintenance window Move"}


@pytest.mark.django_db
def test_one_that_fails_in_a_batch_leaves_nothing_and_holds_back_nobody(make_heartbeat, now, caplog):
    beating = [make_heartbeat(name=f"job {number}") for number in range(5)]
    for one in beating:
        store(one, "FAIL", now)
    bad = beating[2].pk

    def refuse(happened, **_):
        if any(one.incident.monitor_id == bad for one in happened):
            raise RuntimeError("a bug")

    events.incidents_opened.connect(refuse)
    try:
        assert sweep(now=now) == 4
    finally:
        events.incidents_opened.disconnect(refuse)
    assert [status_of(one) for one in beating] == ["DOWN", "DOWN", "NEW", "DOWN", "DOWN"]
    assert Incident.objects.count() == Delivery.objects.count() == 4
    assert HeartbeatState.objects.get(pk=bad).attention_at == now
    assert "could not be moved on" in caplog.text
    assert sweep(now=now) == 1
    assert Incident.objects.filter(monitor=bad).count() == 1


def opening(monitor, now):
    return Opening(monitor.workspace, monitor, "DOWNTIME", "CRITICAL", f"{monitor.name}: down", now)


@pytest.mark.django_db
def test_what_is_open_already_or_asked_for_twice_opens_once(make_many, now):
    first, second = make_many(2)
    open_incidents([opening(first, now)], now=now)
    opened = open_incidents([opening(one, now) for one in (second, first, second)], now=now)
    assert [one.monitor_id for one in opened] == [second.pk]
    assert Incident.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_batches_that_race_open_and_close_each_incident_once(make_many, now):
    monitors = make_many(12)
    start, failed = threading.Barrier(4), []

    def run(work):
        try:
            start.wait()
            work()
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    def race(*works):
        threads = [threading.Thread(target=run, args=[work]) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not failed

    def open_some(some):
        with transaction.atomic():
            open_incidents([opening(one, now) for one in some], now=now)

    race(*[lambda some=some: open_some(some) for some in (monitors, monitors[::-1], monitors[:6], monitors[4:])])
    assert sorted(Incident.objects.values_list("monitor", flat=True)) == [one.pk for one in monitors]
    assert TimelineEvent.objects.count() == 12
    assert Delivery.objects.count() == 2 * 12
    reasons = dict.fromkeys(Incident.objects.values_list("pk", flat=True), "It is over")
    race(*[lambda: resolve_incidents(reasons, now=now)] * 4)
    assert TimelineEvent.objects.filter(type="RESOLVED").count() == 12
    assert Delivery.objects.filter(event="incident_resolved").count() == 2 * 12
