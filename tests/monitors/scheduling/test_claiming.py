"""Due checks go to one engine each, keep to their grid, and come back when their engine is gone."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.db.models.functions import Now

from monitors.models import EngineRun, Region, RegionState
from monitors.probes.base import Result
from monitors.results.recording import record
from monitors.scheduling.aliveness import begin_run, end_run, say_alive
from monitors.scheduling.claiming import LEASE_MARGIN_SECONDS, claim_due
from monitors.services import edit_monitor, pause
from monitors.watched import WatchedCache
from tests.monitors.conftest import region_state

pytestmark = pytest.mark.django_db


@pytest.fixture
def region(db):
    return Region.objects.get(key="default")


@pytest.fixture
def claim(region, now):
    """`claim(seconds)`: what an engine gets so long after `now`."""
    cache = WatchedCache()

    def claimed(seconds, *, run=1, limit=100):
        at = now.timestamp() + seconds
        return claim_due(region_id=region.pk, run_id=run, cache=cache, now=at, until=at + 1, limit=limit)

    return claimed


def finish(check, *, ok=True):
    started = check.scheduled_at
    result = Result(check=check, started_at=started, finished_at=started + 0.1, lag_ms=0.0, loop_lag_ms=0.0, ok=ok)
    record([result], now=datetime.fromtimestamp(started + 0.1, UTC))


def test_a_new_monitor_is_claimed_at_once_and_only_once(make, claim, now):
    monitor = make()
    (check,), more = claim(0)
    assert (check.monitor_id, more, check.second_look) == (monitor.pk, False, True)
    assert 0 < check.scheduled_at - now.timestamp() <= 1.001
    assert claim(0).checks == claim(5).checks == []


def test_checks_keep_to_the_grid_for_hours(make, claim, now):
    monitor = make(interval_seconds=10, timeout_ms=5000)
    slots = []
    for second in range(600):
        for check in claim(second).checks:
            slots.append(check.scheduled_at)
            finish(check)
    gaps = {round(two - one, 3) for one, two in pairwise(slots[1:])}
    assert gaps == {10.0}
    assert region_state(monitor).skipped_slots == 0


def test_a_lease_that_runs_out_is_claimed_again(make, claim, now):
    monitor = make()
    (first,) = claim(0).checks
    end = first.scheduled_at - now.timestamp() + 8 + LEASE_MARGIN_SECONDS
    assert claim(end - 1.01).checks == []
    (again,) = claim(end - 0.5).checks
    assert again.scheduled_at > first.scheduled_at
    finish(again)
    finish(first, ok=False)
    assert region_state(monitor).consecutive_failures == 0, "the first one's result comes too late to count"


def test_slots_that_nobody_took_are_skipped_and_counted(make, claim, now):
    monitor = make()
    finish(claim(0).checks[0])
    due = region_state(monitor).next_check_at
    late = (due - now).total_seconds() + 3600 + 1
    (check,) = claim(late).checks
    assert late < check.scheduled_at - now.timestamp() < late + 1.01, "run once, now"
    state = region_state(monitor)
    assert state.skipped_slots == 60
    assert state.next_check_at > now + timedelta(seconds=late)


def test_a_slot_that_is_a_little_late_keeps_its_time(make, claim, now):
    monitor = make()
    finish(claim(0).checks[0])
    due = region_state(monitor).next_check_at
    (check,) = claim((due - now).total_seconds() + 30).checks
    assert check.scheduled_at == pytest.approx(due.timestamp(), abs=1e-6)
    assert region_state(monitor).skipped_slots == 0


def test_no_more_is_claimed_than_there_is_room_for_oldest_first(make, claim):
    for number in range(5):
        make(name=f"M{number}")
    first, more = claim(1, limit=3)
    rest, none = claim(1, limit=3)
    assert (len(first), more, len(rest), none) == (3, True, 2, False)


def test_paused_monitors_and_other_regions_are_left(make, claim, by_alice, now):
    monitor = make(regions=2)
    assert [check.region_id for check in claim(1).checks] == [region_state(monitor).region_id]
    other = make(name="Paused")
    pause(monitor=other, by=by_alice, now=now)
    assert claim(1).checks == []


def test_an_edit_reaches_the_engine_with_the_next_claim(make, claim, by_alice, now):
    monitor = make()
    finish(claim(0).checks[0])
    at = now + timedelta(seconds=5)
    edit_monitor(monitor=monitor, by=by_alice, now=at, fields={"settings": {"url": "http://new.example/"}})
    (check,) = claim(6).checks
    assert check.settings["url"] == "http://new.example/"


def test_steady_claims_cost_the_same_whatever_their_number(make, claim, django_assert_num_queries):
    for number in range(12):
        make(name=f"M{number}")
    claim(1, limit=1)
    with django_assert_num_queries(5):
        claim(1, limit=11)


def grow_silent(run_id, seconds=4):
    EngineRun.objects.filter(pk=run_id).update(alive_at=Now() - timedelta(seconds=seconds))


def test_the_checks_of_a_dead_engine_go_on_at_once(make, claim, region, now):
    make(timeout_ms=60_000)
    dead, alive = begin_run(region.pk), begin_run(region.pk)
    claim(0, run=dead)
    at = now + timedelta(seconds=5)
    assert say_alive(alive, region.pk, now=at)
    assert claim(5, run=alive).checks == []
    grow_silent(dead)
    assert say_alive(alive, region.pk, now=at)
    assert len(claim(5, run=alive).checks) == 1
    assert not say_alive(dead, region.pk, now=at), "one that was given up learns it"


def test_a_dead_engine_frees_only_what_it_had_under_way(make, claim, region, now):
    done, under_way, others = make(name="Done"), make(name="Under way"), make(name="Other's")
    dead, alive = begin_run(region.pk), begin_run(region.pk)
    checks = {check.monitor_id: check for check in claim(0, run=dead).checks}
    finish(checks[done.pk])
    RegionState.objects.filter(monitor=others).update(claimed_by=alive)
    end_run(dead, now=now + timedelta(seconds=2))
    assert [check.monitor_id for check in claim(2, run=alive).checks] == [under_way.pk]


def test_an_engine_of_another_region_is_not_given_up(make, region, now):
    make(regions=2)
    other = begin_run(Region.objects.get(key="r2").pk)
    grow_silent(other)
    say_alive(begin_run(region.pk), region.pk, now=now)
    assert EngineRun.objects.filter(pk=other).exists()


@pytest.mark.django_db(transaction=True)
def test_engines_that_claim_at_the_same_moment_share_without_overlap(make, now):
    for number in range(40):
        make(name=f"M{number}")
    region_id, at = Region.objects.get(key="default").pk, now.timestamp() + 1
    start, taken = threading.Barrier(4), []

    def engine(run):
        cache = WatchedCache()
        start.wait()
        for _ in range(5):
            claimed = claim_due(region_id=region_id, run_id=run, cache=cache, now=at, until=at + 1, limit=4)
            taken.extend(check.monitor_id for check in claimed.checks)
        connection.close()

    threads = [threading.Thread(target=engine, args=(run,)) for run in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 40
