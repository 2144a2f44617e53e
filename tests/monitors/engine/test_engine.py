"""The engine from claim to record: on time, losing nothing, stopping cleanly, whatever dies."""

import dataclasses
import threading
import time

import pytest

from monitors.engine import bookkeeper, loop
from monitors.probes import catalogue, looks
from monitors.probes.base import Claim


def test_checks_are_claimed_probed_and_recorded(engine, store, target, check):
    store.add(*(check(target.url("/json")) for _ in range(20)))
    running = engine()
    results = store.wait_results(20)
    assert all(result.ok for result in results)
    assert {result.check.monitor_id for result in results} == set(range(1, 21))
    assert running.stats().checks_total == 20


def test_a_result_is_recorded_soon_after_it_is_there(engine, store, target, check):
    store.add(check(target.url()))
    engine()
    store.wait_results(1)
    recorded_at, result = store.results[0]
    assert recorded_at - result.finished_at < 0.5


def test_a_check_starts_at_its_own_time(engine, store, target, check):
    store.add(check(target.url(), seconds=0.7), check(target.url(), seconds=0.2))
    engine()
    results = store.wait_results(2)
    assert [result.check.monitor_id for result in results] == [2, 1]
    for result in results:
        assert 0 <= result.lag_ms < 500
        assert result.started_at >= result.check.scheduled_at


def test_a_claim_reaches_past_the_next_tick_and_no_further_than_there_is_room(engine, store, target, check):
    store.add(*(check(target.url("/hang"), timeout_ms=1000) for _ in range(5)))
    running = engine(capacity=3)
    store.wait_for(lambda: store.claims)
    now, until, limit = store.claims[0]
    assert until - now == pytest.approx(bookkeeper.HORIZON_SECONDS)
    assert bookkeeper.HORIZON_SECONDS > bookkeeper.OWN_TICK_SECONDS
    assert limit == 3
    store.wait_for(lambda: store.results)
    assert store.passed_on == 1
    running.wake()
    assert len(store.wait_results(3)) >= 3


def test_what_is_due_first_starts_before_all_others_are_claimed(engine, store, target, check, monkeypatch):
    monkeypatch.setattr(bookkeeper, "MOST_IN_CLAIM", 4)
    store.add(*(check(target.url()) for _ in range(10)))
    engine()
    assert len(store.wait_results(10)) == 10
    assert [limit for _, _, limit in store.claims] == [4, 4, 4]
    assert len({(now, until) for now, until, _ in store.claims}) == 1


def test_a_claim_that_finds_only_what_it_cannot_take_is_not_repeated(engine, store, target, check, monkeypatch):
    monkeypatch.setattr(store, "claim", lambda **asked: store.claims.append(asked) or Claim([], more=True))
    engine()
    while not store.passed_on:
        time.sleep(0.01)
    assert len(store.claims) == 1


def test_a_full_engine_passes_the_tick_on_at_most_once_a_second(engine, store, target, check):
    store.add(check(target.url("/hang"), timeout_ms=1500))
    running = engine(capacity=1)
    store.wait_for(lambda: store.claims)
    while running.stats().in_flight < 1:
        time.sleep(0.01)
    for _ in range(50):
        running.wake()
        time.sleep(0.002)
    store.wait_results(1)
    assert 1 <= store.passed_on <= 3
    assert len(store.claims) == 1


def test_an_engine_that_hears_nothing_ticks_itself(engine, store, target, check, monkeypatch):
    monkeypatch.setattr(bookkeeper, "SILENCE_SECONDS", 0.5)
    engine()
    store.wait_for(lambda: store.claims)
    store.add(check(target.url()))
    assert store.wait_results(1, seconds=10)[0].ok
    assert len(store.claims) >= 2


def test_a_second_look_happens_inside_one_result(engine, store, target, check):
    target.behave("/second", "status/500")
    store.add(check(target.url("/second"), second_look=True))
    engine()
    result = store.wait_results(1)[0]
    assert (result.failure_class, result.first_look) == ("http_status", "http_status")


def test_results_outlive_a_store_that_fails(engine, store, target, check):
    store.fail_record = lambda results: len(store.batches) < 4
    store.add(*(check(target.url()) for _ in range(8)))
    running = engine()
    assert len(store.wait_results(8)) == 8
    assert len({result.check.monitor_id for _, result in store.results}) == 8
    while running.stats().buffered_results:
        time.sleep(0.01)


def test_one_result_the_store_cannot_take_holds_up_no_other(engine, store, target, check):
    store.fail_record = lambda results: any(result.check.monitor_id == 3 for result in results)
    store.add(*(check(target.url()) for _ in range(8)))
    running = engine()
    recorded = {result.check.monitor_id for result in store.wait_results(7)}
    assert recorded == {1, 2, 4, 5, 6, 7, 8}
    assert running.stats().buffered_results in (0, 1)
    store.fail_record = lambda results: False
    store.wait_results(8)


def test_a_full_buffer_drops_the_oldest_and_says_so(store, caplog, monkeypatch):
    monkeypatch.setattr(bookkeeper, "MOST_BUFFERED", 3)
    books = bookkeeper.Bookkeeper(store, lambda: 0, lambda checks: None)
    books.take(range(5))
    assert (books.buffered, books.dropped_results) == (3, 2)
    assert "dropped" in caplog.text


def test_a_failing_claim_is_tried_again(engine, store, target, check):
    store.fail_claim = True
    running = engine()
    store.wait_for(lambda: store.claims)
    store.fail_claim = False
    store.add(check(target.url()))
    running.wake()
    assert store.wait_results(1)[0].ok


def test_stop_ends_what_was_claimed_and_closes_the_store_in_its_own_thread(engine, store, target, check):
    store.add(check(target.url("/delay/300")), check(target.url(), seconds=0.5))
    running = engine()
    while running.stats().in_flight < 1:
        time.sleep(0.005)
    assert running.stop(5) is True
    assert len(store.results) == 2
    assert store.closed_in == "probe-store-test"
    claims = len(store.claims)
    running.wake()
    assert len(store.claims) == claims


def test_stop_does_not_wait_longer_than_it_was_given(engine, store, target, check):
    store.add(check(target.url("/hang"), timeout_ms=60_000))
    running = engine()
    while running.stats().in_flight < 1:
        time.sleep(0.005)
    started = time.monotonic()
    assert running.stop(1) is False
    assert time.monotonic() - started < 5
    assert store.closed_in == "probe-store-test"


def test_a_loop_that_dies_is_started_again_and_keeps_what_was_waiting(
    engine, store, target, check, monkeypatch, caplog
):
    running = engine()
    store.wait_for(lambda: store.claims)
    died = threading.Event()
    turn = loop.ProbeLoop._turn

    def dying_turn(self):
        if not died.is_set():
            died.set()
            raise RuntimeError("a bug")
        turn(self)

    store.add(check(target.url(), seconds=0.9))
    running.wake()
    while not running.stats().scheduled:
        time.sleep(0.005)
    monkeypatch.setattr(loop.ProbeLoop, "_turn", dying_turn)
    running._loop.submit([])
    assert store.wait_results(1)[0].ok
    assert running.stats().restarts == 1
    assert "died and is started again" in caplog.text


def test_a_database_thread_that_dies_is_started_again(engine, store, target, check, monkeypatch):
    died = threading.Event()
    tick = bookkeeper.Bookkeeper._tick

    def dying_tick(self):
        if not died.is_set():
            died.set()
            raise RuntimeError("a bug")
        tick(self)

    monkeypatch.setattr(bookkeeper.Bookkeeper, "_tick", dying_tick)
    store.add(check(target.url()))
    running = engine()
    assert store.wait_results(1)[0].ok
    assert running.stats().restarts == 1


def test_a_probe_with_a_bug_costs_only_its_own_result(engine, store, target, check, monkeypatch, caplog):
    good = catalogue.PROBES["http"]

    def buggy(result, handles, deadline):
        if result.check.monitor_id == 1:
            raise ZeroDivisionError
        yield from good.probe(result, handles, deadline)

    monkeypatch.setitem(looks.PROBES, "http", dataclasses.replace(good, probe=buggy))
    store.add(check(target.url()), check(target.url()))
    running = engine()
    assert store.wait_results(1)[0].check.monitor_id == 2
    assert running.stats().broken_total == 1
    assert "monitor 1 broke" in caplog.text
    assert running.stats().in_flight == 0
