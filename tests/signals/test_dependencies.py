"""Dependencies that pings report: rows, incidents, pins, monitors of their own, and what dependents show."""

import itertools
import threading
from datetime import timedelta

import orjson
import pytest
from django.db import connection, connections

from accounts.actor import SYSTEM, Actor
from accounts.models import AuditEntry
from common import clock
from incidents.models import Incident, Kind, Severity, State
from monitors import impact
from monitors import services as monitors
from monitors.models import Monitor, MonitorState, Status
from signals import dependencies, reporting
from signals.dependents import dependencies as all_dependencies
from signals.models import Dependency, DependencyLink, HeartbeatState, Signal
from signals.services import settle
from tests.signals.conftest import ask, status_of

pytestmark = pytest.mark.django_db(transaction=True)


_numbers = itertools.count()


def body(*said):
    """Each is another one, so that none is taken for a ping sent twice."""
    named = [{"name": name, "status": status} for name, status in said]
    return orjson.dumps({"run": next(_numbers), "dependencies": named})


@pytest.fixture
def report(ping, heartbeat):
    """`report(("Redis", "down"), …, of=heartbeat)`: a ping that says so."""

    def send(*said, of=heartbeat, raw=None):
        answer = ping(f"/api/signals/ping/{of.token}", method="POST", body=raw or body(*said))
        assert answer.status == 200
        return answer

    return send


def found(**fields):
    return list(Incident.objects.filter(kind=Kind.DEPENDENCY_DOWN, **fields).order_by("pk"))


def status(name):
    return all_dependencies(Dependency.objects.get(name=name).workspace).get(name=name).status


def is_impacted(heartbeat):
    monitor = Monitor.objects.get(pk=heartbeat.pk)
    impact.put_impact_at_hand([monitor])
    return impact.is_impacted(monitor)


def test_the_seeds_payload_makes_both_and_opens_one_warning(report, heartbeat, workspace):
    report(("PostgreSQL", "ok"), ("Redis", "down"))
    assert status_of(heartbeat) == Status.OK
    assert [one.name for one in all_dependencies(workspace)] == ["PostgreSQL", "Redis"]
    (incident,) = found()
    assert (incident.monitor_id, incident.severity) == (heartbeat.pk, Severity.WARNING)
    assert incident.title == "Backup: Redis is down"
    assert incident.cause["dependency"] == "Redis"
    assert (status("PostgreSQL"), status("Redis")) == ("OK", "DOWN")
    assert is_impacted(heartbeat)


def test_down_again_opens_no_second_and_ok_resolves(report, heartbeat):
    report(("Redis", "down"))
    report(("Redis", "down"))
    (incident,) = found()
    report(("Redis", "ok"))
    incident.refresh_from_db()
    assert (incident.state, len(found())) == (State.RESOLVED, 1)
    assert not is_impacted(heartbeat)
    report(("Redis", "down"))
    assert [one.state for one in found()] == [State.RESOLVED, State.OPEN]


def test_one_incident_for_each_dependency_and_check(report, make_heartbeat):
    other = make_heartbeat("Import")
    report(("Redis", "down"), ("Kafka", "down"))
    report(("Redis", "down"), of=other)
    assert len(found()) == 3
    report(("Redis", "ok"))
    assert len(found(state=State.OPEN)) == 2
    assert status("Redis") == "DOWN", "the other check still says so"


def test_a_payload_without_the_word_leaves_the_incident_open(report):
    report(("Redis", "down"))
    report(raw=b'{"rows": 5}')
    report(("Redis", "on fire"))
    assert len(found(state=State.OPEN)) == 1


@pytest.mark.parametrize(
    "raw", [b'{"dependencies": null}', b'{"dependencies": [1, {"name": []}]}', b'{"dependencies": "\\ud800"}',
            b'[{"dependencies": [{"name": "a", "status": "down"}]}]', b'{"dependencies": [{"name": "\\u0000", '
            b'"status": "down"}]}', b"dependencies", b'{"dependencies": [{'],
)  # fmt: skip
def test_a_bad_shape_is_a_ping_like_any_other(report, heartbeat, raw):
    report(raw=raw)
    assert status_of(heartbeat) == Status.OK
    assert Signal.objects.count() == 1
    assert not Dependency.objects.exists()


def test_a_paused_check_opens_nothing_and_pausing_resolves(report, heartbeat):
    report(("Redis", "down"))
    monitors.pause(monitor=heartbeat.monitor, by=SYSTEM, now=clock.now())
    assert found(state=State.OPEN) == []
    report(("Redis", "down"))
    assert found(state=State.OPEN) == []
    monitors.resume(monitor=heartbeat.monitor, by=SYSTEM, now=clock.now())
    report(("Redis", "down"))
    assert len(found(state=State.OPEN)) == 1


def test_a_pin_speaks_against_reports_until_it_is_taken_away(report, heartbeat, by_alice):
    report(("Redis", "down"))
    redis = Dependency.objects.get()
    dependencies.edit_dependency(dependency=redis, by=by_alice, now=clock.now(), fields={"pinned_status": "OK"})
    assert (status("Redis"), found(state=State.OPEN)) == ("OK", [])
    report(("Redis", "ok"))
    report(("Redis", "down"))
    assert found(state=State.OPEN) == []
    dependencies.edit_dependency(dependency=redis, by=by_alice, now=clock.now(), fields={"pinned_status": None})
    assert (status("Redis"), len(found(state=State.OPEN))) == ("DOWN", 1)
    entry = AuditEntry.objects.filter(object_type="dependency").order_by("-pk")[0]
    assert (entry.verb, entry.changes) == ("edit", {"pinned_status": ["OK", ""]})


def test_its_status_follows_the_monitor_that_watches_it(report, heartbeat, make_heartbeat, by_alice):
    report(("Redis", "ok"))
    watcher = make_heartbeat("Redis itself").monitor
    redis = Dependency.objects.get()
    dependencies.edit_dependency(dependency=redis, by=by_alice, now=clock.now(), fields={"monitor_id": watcher.pk})
    for now_in, shown in (("NEW", "UNKNOWN"), ("OK", "OK"), ("LATE", "OK"), ("DOWN", "DOWN"), ("PAUSED", "UNKNOWN")):
        MonitorState.objects.filter(pk=watcher.pk).update(status=now_in)
        assert status("Redis") == shown
        assert is_impacted(heartbeat) == (shown == "DOWN")
    Monitor.objects.filter(pk=watcher.pk).delete()
    assert status("Redis") == "OK", "its reports count again"


def test_a_monitor_that_it_depends_on_impacts_it_too(heartbeat, make_heartbeat):
    other = make_heartbeat("Upstream")
    heartbeat.monitor.depends_on.add(other.monitor)
    assert not is_impacted(heartbeat)
    MonitorState.objects.filter(pk=other.pk).update(status=Status.DOWN)
    assert is_impacted(heartbeat)
    assert not is_impacted(other)


def test_removing_the_link_or_the_dependency_resolves(report, heartbeat, by_alice):
    report(("Redis", "down"), ("Kafka", "down"))
    redis, kafka = Dependency.objects.get(name="Redis"), Dependency.objects.get(name="Kafka")
    dependencies.unlink(dependency=redis, monitor=heartbeat.monitor, by=by_alice, now=clock.now())
    assert [one.title for one in found(state=State.OPEN)] == ["Backup: Kafka is down"]
    dependencies.delete_dependency(dependency=kafka, by=by_alice, now=clock.now())
    assert found(state=State.OPEN) == []


def test_a_full_workspace_hears_known_names_only(report, monkeypatch):
    monkeypatch.setattr(reporting, "MOST_IN_A_WORKSPACE", 2)
    report(("a", "ok"), ("b", "ok"), ("c", "down"))
    assert sorted(Dependency.objects.values_list("name", flat=True)) == ["a", "b"]
    report(("a", "down"), ("d", "down"))
    assert len(found()) == 1


def test_the_same_name_in_another_workspace_is_another_thing(report, make_heartbeat, charlie, workspace):
    report(("Redis", "down"))
    fields = {
        "name": "His",
        "type": "heartbeat",
        "settings": {"schedule": {"kind": "interval", "interval_seconds": 60}},
    }
    his = monitors.create_monitor(workspace=charlie.workspaces.get(), by=Actor(charlie), now=clock.now(), fields=fields)
    report(("Redis", "ok"), of=his.heartbeat)
    assert Dependency.objects.filter(name="Redis").count() == 2
    assert len(found(state=State.OPEN)) == 1


def test_a_report_costs_the_same_for_one_and_for_twenty_known_names(
    heartbeat, served, django_assert_max_num_queries, now
):
    names = [f"part {number}" for number in range(20)]

    def stored(said):
        raw = body(*said).decode()
        Signal.objects.create(
            heartbeat=heartbeat, type="SUCCESS", created_at=now, payload=raw, payload_is_json=True, method="POST"
        )
        HeartbeatState.objects.filter(pk=heartbeat.pk).update(attention_at=now, is_steady=False)

    stored([(name, "ok") for name in names])
    settle([heartbeat.pk], now=now)
    stored([(name, "ok") for name in names])
    with django_assert_max_num_queries(24):
        settle([heartbeat.pk], now=now)
    assert DependencyLink.objects.count() == 20


def test_checks_that_report_new_names_at_once_neither_deadlock_nor_double(make_heartbeat, served):
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has two writers at once")
    checks = [make_heartbeat(f"check {number}") for number in range(8)]
    names = [f"part {number}" for number in range(30)]

    async def all_ping(app):
        for index, one in enumerate(checks):
            turned = names[index:] + names[:index]
            await ask(app, f"/api/signals/ping/{one.token}/log", "POST", body(*((name, "down") for name in turned)))

    served(all_ping)
    DependencyLink.objects.all().delete()
    Dependency.objects.all().delete()
    Incident.objects.all().delete()
    ids = [one.pk for one in checks]
    first = Signal.objects.earliest("created_at").created_at
    HeartbeatState.objects.filter(pk__in=ids).update(settled_signal_id=0, attention_at=first)
    failures = []

    def work(mine):
        try:
            settle(mine, now=clock.now())
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(part,)) for part in (ids[:4], ids[4:])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert Dependency.objects.count() == 30
    assert len(found()) == 240


def test_one_broken_dependency_of_many_checks_costs_as_much_as_of_one(make_heartbeat, now, queries_of):
    checks = [make_heartbeat(f"check {number}") for number in range(7)]

    def said(status, of):
        for one in of:
            raw = body(("Redis", status)).decode()
            Signal.objects.create(
                heartbeat=one, type="SUCCESS", created_at=now, payload=raw, payload_is_json=True, method="POST"
            )
            HeartbeatState.objects.filter(pk=one.pk).update(attention_at=now, is_steady=False)
        return [one.pk for one in of]

    settle(said("ok", checks), now=now)
    for status, standing in (("down", State.OPEN), ("ok", State.RESOLVED)):
        one = said(status, checks[:1])
        first = queries_of(lambda one=one: settle(one, now=now))
        many = said(status, checks[1:])
        assert queries_of(lambda many=many: settle(many, now=now)) <= first
        assert len(found(state=standing)) == 7


def test_down_and_up_again_in_one_batch_opens_and_resolves(heartbeat, now):
    for second, status in enumerate(("down", "ok", "down")):
        raw = body(("Redis", status)).decode()
        at = now + timedelta(seconds=second)
        Signal.objects.create(
            heartbeat=heartbeat, type="SUCCESS", created_at=at, payload=raw, payload_is_json=True, method="POST"
        )
    HeartbeatState.objects.filter(pk=heartbeat.pk).update(attention_at=now, is_steady=False)
    settle([heartbeat.pk], now=now)
    assert [one.state for one in found()] == [State.RESOLVED, State.OPEN]
    assert DependencyLink.objects.get().reported_at == now + timedelta(seconds=2)


def test_deleting_a_dependency_of_many_resolves_all_at_the_cost_of_one(
    report, make_heartbeat, by_alice, workspace, queries_of
):
    checks = [make_heartbeat(f"check {number}") for number in range(5)]
    report(("Redis", "down"), of=checks[0])
    for one in checks:
        report(("Queue", "down"), of=one)
    counts = []
    for name in ("Redis", "Queue"):
        dependency = Dependency.objects.get(name=name)
        at = clock.now()
        counts.append(
            queries_of(lambda it=dependency, at=at: dependencies.delete_dependency(dependency=it, by=by_alice, now=at))
        )
    assert counts[1] <= counts[0]
    assert not found(state=State.OPEN)
