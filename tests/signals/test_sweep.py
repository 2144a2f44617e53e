"""The clock finds what fell due, once, and never against a ping that was sooner."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, connections

from signals import settling
from signals.ingest.postgres import conninfo
from signals.models import HeartbeatState, Liveness, Signal
from signals.selectors import INGEST
from signals.services import note_alive, settle
from signals.sweep import sweep
from tests.signals.conftest import ask, state_of, status_of
from tests.signals.test_settling import changes, store


def later(now, seconds):
    return now + timedelta(seconds=seconds)


@pytest.fixture
def beating(make_heartbeat, now):
    """OK since `now`, a ping each minute, half a minute of grace."""
    heartbeat = make_heartbeat(schedule={"kind": "interval", "interval_seconds": 60}, grace_seconds=30)
    store(heartbeat, "SUCCESS", now)
    settle([heartbeat.pk], now=now)
    return heartbeat


@pytest.mark.django_db
def test_late_then_down_then_ok(beating, now):
    assert sweep(now=later(now, 61.9)) == 0
    assert sweep(now=later(now, 62)) == 1
    assert status_of(beating) == "LATE"
    assert state_of(beating).attention_at == later(now, 92)
    assert sweep(now=later(now, 91.9)) == 0
    assert sweep(now=later(now, 92)) == 1
    assert status_of(beating) == "DOWN"
    assert sweep(now=later(now, 10_000)) == 0
    store(beating, "SUCCESS", later(now, 10_001))
    sweep(now=later(now, 10_002))
    assert changes(beating) == ["OK", "LATE", "DOWN", "OK"]
    assert list(Signal.objects.order_by("id").values_list("type", flat=True)) == [
        "SUCCESS", "SUSPECT", "FAIL", "SUCCESS",
    ]  # fmt: skip
    assert state_of(beating).settled_signal_id == Signal.objects.latest("id").pk


@pytest.mark.django_db
def test_while_nothing_is_due_a_sweep_is_one_query(beating, now, queries_of):
    note_alive(now=now)
    assert queries_of(lambda: sweep(now=later(now, 61.9))) == 1


@pytest.mark.django_db
def test_a_blind_spell_in_which_nothing_fell_due_is_over_at_once(db, now):
    note_alive(now=now)
    note_alive(now=later(now, 300))
    assert Liveness.objects.get().blind_since == now
    assert sweep(now=later(now, 301)) == 0
    assert Liveness.objects.get().blind_since is None


@pytest.mark.django_db
def test_a_sweep_settles_what_a_killed_process_left(beating, now):
    store(beating, "FAIL", later(now, 5))
    assert sweep(now=later(now, 6)) == 1
    assert status_of(beating) == "DOWN"


@pytest.mark.django_db
def test_a_signal_that_waits_counts_before_the_clock(beating, now):
    store(beating, "SUCCESS", later(now, 61))
    sweep(now=later(now, 100))
    assert status_of(beating) == "OK"
    assert state_of(beating).next_due_at == later(now, 121)


@pytest.mark.django_db
def test_a_run_that_takes_too_long_is_found(make_heartbeat, now):
    heartbeat = make_heartbeat(max_runtime_seconds=20)
    store(heartbeat, "START", now)
    settle([heartbeat.pk], now=now)
    assert sweep(now=later(now, 21)) == 0
    assert sweep(now=later(now, 22)) == 1
    assert status_of(heartbeat) == "DOWN"
    assert Signal.objects.latest("id").metadata["reason"] == "max_runtime"


@pytest.mark.django_db
def test_more_than_one_claim_falls_due(make_heartbeat, now):
    heartbeats = [make_heartbeat(name=f"job {number}") for number in range(7)]
    HeartbeatState.objects.update(next_due_at=now, attention_at=later(now, 2))
    for one in heartbeats:
        one.monitor.state.status = "OK"
        one.monitor.state.save()
    assert sweep(now=later(now, 3), most=3) == 7
    assert {status_of(one) for one in heartbeats} == {"LATE"}


@pytest.mark.django_db
def test_one_that_cannot_be_moved_holds_back_nobody(make_heartbeat, now, monkeypatch, caplog):
    good, bad = make_heartbeat(name="good"), make_heartbeat(name="bad")
    store(good, "SUCCESS", now)
    store(bad, "SUCCESS", now)
    move = settling._move

    def refuse_bad(row, *rest):
        if row.state.pk == bad.pk:
            raise ValueError("broken row")
        return move(row, *rest)

    monkeypatch.setattr(settling, "_move", refuse_bad)
    assert sweep(now=later(now, 1)) == 1
    assert (status_of(good), status_of(bad)) == ("OK", "NEW")
    assert "could not be moved on" in caplog.text


@pytest.mark.django_db
def test_a_blind_spell_makes_deadlines_unknown_and_moves_them_on(beating, make_heartbeat, now):
    long = make_heartbeat(name="daily", schedule={"kind": "interval", "interval_seconds": 86_400})
    store(long, "SUCCESS", now)
    settle([long.pk], now=now)
    note_alive(now=later(now, 10))
    note_alive(now=later(now, 310))
    sweep(now=later(now, 311))
    assert status_of(beating) == "UNKNOWN"
    assert state_of(beating).next_due_at == later(now, 60 + 300)
    assert status_of(long) == "OK"
    assert state_of(long).next_due_at == later(now, 86_400)
    alive = Liveness.objects.get(name=INGEST)
    assert (alive.blind_since, alive.blind_until) == (None, None)
    for second in range(315, 365, 5):
        note_alive(now=later(now, second))
    sweep(now=later(now, 362))
    assert status_of(beating) == "LATE"
    assert changes(beating) == ["OK", "UNKNOWN", "LATE"]


@pytest.mark.django_db
def test_signals_stored_before_a_blind_spell_count_in_it(beating, now):
    note_alive(now=later(now, 30))
    store(beating, "FAIL", later(now, 31))
    note_alive(now=later(now, 300))
    sweep(now=later(now, 300))
    assert status_of(beating) == "DOWN"


@pytest.mark.django_db
def test_a_short_gap_is_no_blind_spell(beating, now):
    note_alive(now=later(now, 60))
    note_alive(now=later(now, 69.9))
    sweep(now=later(now, 70))
    assert status_of(beating) == "LATE"


@pytest.mark.django_db
def test_while_nobody_can_reach_us_the_clock_stands(beating, now):
    note_alive(now=later(now, 30))
    assert sweep(now=later(now, 500)) == 0
    store(beating, "FAIL", later(now, 31))
    assert sweep(now=later(now, 501)) == 1
    assert status_of(beating) == "DOWN"


@pytest.mark.django_db
def test_an_older_word_of_life_changes_nothing(db, now):
    note_alive(now=now)
    note_alive(now=later(now, -30))
    assert Liveness.objects.get().alive_at == now
    assert Liveness.objects.get().blind_since is None


def elsewhere(work):
    """Runs `work` to its end in another thread, on connections of its own; what it returns."""
    found = []

    def run():
        try:
            found.append(work())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    return found[0]


def test_a_ping_between_the_sweeps_read_and_its_update_wins(served, beating, monkeypatch):
    advance = settling.advance

    def ping_first(ids, **options):
        assert elsewhere(lambda: served(lambda app: ask(app, f"/ping/{beating.token}"))).status == 200
        return advance(ids, **options)

    monkeypatch.setattr("signals.sweep.advance", ping_first)
    assert sweep(now=state_of(beating).attention_at) == 0
    assert changes(beating) == ["OK"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_ping_that_commits_while_the_sweep_waits_for_its_row_wins(beating, now):
    if connection.vendor != "postgresql":
        pytest.skip("rows are locked on PostgreSQL only")
    due = state_of(beating).attention_at
    with psycopg.connect(**conninfo(connection.settings_dict)) as other:
        other.execute("UPDATE signals_heartbeatstate SET attention_at = %s", [later(due, 60)])
        with ThreadPoolExecutor(1) as pool:
            swept = pool.submit(lambda: elsewhere(lambda: sweep(now=due)))
            time.sleep(0.3)
            assert not swept.done()
            other.commit()
            assert swept.result() == 0
    assert changes(beating) == ["OK"]


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_move_each_heartbeat_once(make_heartbeat, now):
    heartbeats = [make_heartbeat(name=f"job {number}") for number in range(30)]
    for one in heartbeats:
        store(one, "SUCCESS", now)
    settle([one.pk for one in heartbeats], now=now)
    due = later(now, 3600 + 2)
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda _: elsewhere(lambda: sweep(now=due)), range(2)))
    assert sum(counts) + sweep(now=due) == 30
    assert all(changes(one) == ["OK", "LATE"] for one in heartbeats)


@pytest.mark.django_db(transaction=True)
def test_settling_at_once_in_two_places_has_one_effect(make_heartbeat, now):
    heartbeats = [make_heartbeat(name=f"job {number}") for number in range(30)]
    for one in heartbeats:
        store(one, "FAIL", now)
    ids = [one.pk for one in heartbeats]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda some: elsewhere(lambda: settle(some, now=now)), [ids, ids[::-1]]))
    assert all(changes(one) == ["DOWN"] for one in heartbeats)
