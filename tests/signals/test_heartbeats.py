"""The settings of a heartbeat, and what pausing, resuming and editing do to its deadline."""

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, connections, transaction
from hypothesis import given
from hypothesis import strategies as st

from common.invalid import Invalid
from monitors.kinds import kinds
from monitors.models import Monitor
from monitors.services import edit_monitor, pause, resume
from signals.heartbeat_settings import clean_heartbeat
from signals.models import Heartbeat, HeartbeatState
from signals.services import heartbeat_for_slug, settle
from tests.signals.conftest import HOURLY, state_of, status_of
from tests.signals.test_settling import store

pytestmark = pytest.mark.django_db


def fresh(heartbeat):
    return Monitor.objects.get(pk=heartbeat.pk)


def test_a_new_one_waits_for_its_first_ping(heartbeat):
    state = state_of(heartbeat)
    assert status_of(heartbeat) == "NEW"
    assert (state.next_due_at, state.attention_at, state.is_steady) == (None, None, False)
    assert state.interval_seconds == 3600
    assert len(heartbeat.token) == 22


def test_its_settings_come_back_with_its_ping_address(make_heartbeat, settings):
    settings.PUBLIC_URL = "https://watch.example"
    heartbeat = make_heartbeat(slug="nightly", token="t" * 22, grace_seconds=5)
    assert kinds["heartbeat"].settings_of(fresh(heartbeat)) == {
        "schedule": HOURLY,
        "grace_seconds": 5,
        "slug": "nightly",
        "methods": [],
        "failure_tolerance": 0,
        "max_runtime_seconds": None,
        "filters": {},
        "token": "t" * 22,
        "ping_url": "https://watch.example/api/signals/ping/" + "t" * 22,
        "last_ping_at": None,
        "next_due_at": None,
    }


@pytest.mark.parametrize(
    ("raw", "pointers"),
    [
        ({"schedule": None}, ["/schedule"]),
        ({"schedule": {"kind": "interval", "interval_seconds": 5}}, ["/schedule/intervalSeconds"]),
        ({"grace_seconds": -1, "failure_tolerance": 101, "max_runtime_seconds": 0},
         ["/graceSeconds", "/failureTolerance", "/maxRuntimeSeconds"]),
        ({"grace_seconds": 2592001}, ["/graceSeconds"]),
        ({"grace_seconds": None}, ["/graceSeconds"]),
        ({"grace_seconds": True}, ["/graceSeconds"]),
        ({"methods": ["GET", "PUT"], "filters": {"sender": {}}}, ["/methods", "/filters"]),
        ({"methods": [["GET"]]}, ["/methods"]),
        ({"filters": {"body": {"failure": "ERROR"}}}, ["/filters"]),
        ({"filters": {"body": {"failure": [""]}}}, ["/filters"]),
        ({"token": "short"}, ["/token"]),
        ({"token": 7}, ["/token"]),
        ({"slug": "Not a slug"}, ["/slug"]),
        ({"slug": "start"}, ["/slug"]),
        ({"slug": "12"}, ["/slug"]),
        ({"url": "http://x", "pingUrl": 1}, ["/url", "/pingUrl"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(raw, pointers, now):
    with pytest.raises(Invalid) as caught:
        clean_heartbeat({"schedule": HOURLY} | raw, now=now)
    assert [error.pointer for error in caught.value.errors] == pointers


@given(
    raw=st.dictionaries(
        st.sampled_from(["schedule", "grace_seconds", "token", "slug", "methods", "filters", "failure_tolerance", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=30),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
            max_leaves=6,
        ),
    )
)
def test_no_input_breaks_the_judge(raw):
    with suppress(Invalid):
        clean_heartbeat(raw, now=datetime(2026, 3, 2, tzinfo=UTC))


def test_a_token_and_a_slug_are_taken_once(make_heartbeat):
    make_heartbeat(token="t" * 22, slug="nightly")
    with pytest.raises(Invalid, match="/token"):
        make_heartbeat(token="t" * 22)
    with pytest.raises(Invalid, match="/slug"):
        make_heartbeat(slug="nightly")


def test_a_token_sent_back_in_an_edit_is_not_looked_at(heartbeat, by_alice, now):
    settings = {"token": "u" * 22, "ping_url": "x", "grace_seconds": 7}
    edit_monitor(monitor=heartbeat.monitor, by=by_alice, now=now, fields={"settings": settings})
    edited = fresh(heartbeat).heartbeat
    assert (edited.token, edited.grace_seconds) == (heartbeat.token, 7)


def test_pausing_stops_the_clock_and_resuming_starts_it(heartbeat, by_alice, now):
    store(heartbeat, "SUCCESS", now)
    settle([heartbeat.pk], now=now)
    pause(monitor=fresh(heartbeat), by=by_alice, now=now)
    state = state_of(heartbeat)
    assert (state.next_due_at, state.attention_at, state.is_steady) == (None, None, False)
    at = now + timedelta(days=2)
    resume(monitor=fresh(heartbeat), by=by_alice, now=at)
    state = state_of(heartbeat)
    assert status_of(heartbeat) == "RESUMED"
    assert state.next_due_at == at + timedelta(hours=1)
    assert state.attention_at == at + timedelta(hours=1, seconds=2)


def test_a_new_schedule_counts_from_the_last_ping(heartbeat, by_alice, now):
    store(heartbeat, "SUCCESS", now)
    settle([heartbeat.pk], now=now)
    settings = {"schedule": {"kind": "interval", "interval_seconds": 600}}
    edit_monitor(monitor=fresh(heartbeat), by=by_alice, now=now + timedelta(seconds=60), fields={"settings": settings})
    state = state_of(heartbeat)
    assert state.next_due_at == now + timedelta(seconds=600)
    assert (state.interval_seconds, state.is_steady) == (600, True)


def test_a_new_schedule_is_not_overdue_when_it_is_made(heartbeat, by_alice, now):
    store(heartbeat, "SUCCESS", now)
    settle([heartbeat.pk], now=now)
    at = now + timedelta(minutes=50)
    settings = {"schedule": {"kind": "interval", "interval_seconds": 60}}
    edit_monitor(monitor=fresh(heartbeat), by=by_alice, now=at, fields={"settings": settings})
    assert state_of(heartbeat).next_due_at == at + timedelta(seconds=60)


def test_an_edit_keeps_a_signal_that_waits(heartbeat, by_alice, now):
    store(heartbeat, "FAIL", now)
    edit_monitor(monitor=fresh(heartbeat), by=by_alice, now=now, fields={"settings": {"grace_seconds": 9}})
    assert HeartbeatState.objects.get().attention_at == now
    settle([heartbeat.pk], now=now)
    assert status_of(heartbeat) == "DOWN"


@pytest.mark.parametrize("settings", [{"methods": ["POST"]}, {"filters": {"body": {"failure": ["x"]}}}])
def test_one_that_listens_closely_is_never_steady(make_heartbeat, now, settings):
    heartbeat = make_heartbeat(**settings)
    store(heartbeat, "SUCCESS", now, method="POST")
    settle([heartbeat.pk], now=now)
    assert status_of(heartbeat) == "OK"
    assert not state_of(heartbeat).is_steady


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_one_slug_at_once_one_is_refused(make_heartbeat):
    start, outcomes = threading.Barrier(2), []

    def take(name):
        try:
            start.wait()
            outcomes.append(make_heartbeat(name=name, slug="nightly").slug)
        except Invalid as invalid:
            outcomes.append([(error.pointer, error.code) for error in invalid.errors])
        finally:
            connections.close_all()

    make_heartbeat(name="first of all")
    threads = [threading.Thread(target=take, args=[name]) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Heartbeat.objects.filter(slug="nightly").count() == 1
    assert sorted(map(str, outcomes))[1] == "nightly"
    assert "slug', 'taken'" in str(outcomes)


@pytest.mark.django_db(transaction=True)
def test_a_first_ping_and_a_person_who_take_one_slug_at_once_leave_one_heartbeat(make_heartbeat, workspace, now):
    start, outcomes = threading.Barrier(2), {}

    def take(name, act):
        try:
            start.wait()
            outcomes[name] = act()
        except Invalid as invalid:
            outcomes[name] = [(error.pointer, error.code) for error in invalid.errors]
        finally:
            connections.close_all()

    ping_key = workspace.ping_key
    acts = {
        "ping": lambda: heartbeat_for_slug(ping_key=ping_key, slug="nightly", now=now).pk,
        "person": lambda: make_heartbeat(name="By hand", slug="nightly").pk,
    }
    make_heartbeat(name="first of all")
    threads = [threading.Thread(target=take, args=one) for one in acts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    only = Heartbeat.objects.get(slug="nightly")
    assert outcomes["ping"] == only.pk
    assert outcomes["person"] in (only.pk, [("/slug", "taken")])


def test_the_database_itself_refuses_a_second_heartbeat_of_one_slug(make_heartbeat):
    make_heartbeat(slug="nightly")
    other, none, nor = make_heartbeat(name="Other"), make_heartbeat(name="None"), make_heartbeat(name="Nor")
    assert none.slug == nor.slug == ""
    with pytest.raises(IntegrityError), transaction.atomic():
        Heartbeat.objects.filter(pk=other.pk).update(slug="nightly")


def test_an_edit_to_a_taken_slug_names_it_and_changes_nothing(make_heartbeat, by_alice, now):
    make_heartbeat(slug="nightly")
    other = make_heartbeat(name="Other", slug="weekly")
    with pytest.raises(Invalid) as refused:
        edit_monitor(
            monitor=other.monitor, by=by_alice, now=now, fields={"name": "New", "settings": {"slug": "nightly"}}
        )
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/slug", "taken")]
    assert (fresh(other).name, fresh(other).heartbeat.slug) == ("Other", "weekly")


def test_of_heartbeats_that_shared_a_slug_the_oldest_keeps_it(make_heartbeat, workspace, charlie, now):
    """The migration's step between two columns, on rows from before the constraint."""
    migration = import_module("signals.migrations.0005_slug_once")
    made = [make_heartbeat(name=f"M{number}", slug=f"s{number}") for number in range(5)]
    elsewhere = make_heartbeat(name="Elsewhere").monitor
    Monitor.objects.filter(pk=elsewhere.pk).update(workspace=charlie.workspaces.get())
    with connection.cursor() as cursor:
        cursor.execute('DROP INDEX "one_heartbeat_a_slug"')
    wanted = ["a" * 120, "nightly", "nightly", "nightly-2", "nightly"]
    for one, slug in zip(made, wanted, strict=True):
        Heartbeat.objects.filter(pk=one.pk).update(slug=slug)
    Heartbeat.objects.filter(pk=elsewhere.pk).update(slug="nightly")
    Heartbeat.objects.filter(pk=make_heartbeat(name="Long").pk).update(slug="a" * 120)
    migration.fill(apps, connection.schema_editor())
    slugs = list(Heartbeat.objects.order_by("pk").values_list("slug", flat=True))
    assert slugs == ["a" * 120, "nightly", "nightly-3", "nightly-2", "nightly-4", "nightly", "a" * 118 + "-2"]
    assert Heartbeat.objects.get(pk=elsewhere.pk).workspace == charlie.workspaces.get()
