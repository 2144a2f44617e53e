"""One address gets so many checks at once: the others start late and say so, and no other address waits."""

import time

import pytest

from monitors.engine.seats import Seats, host_of
from monitors.probes.base import Check
from tests.targets import Target


def to(host, monitor_id=1, settings=None):
    settings = settings or {"url": f"https://{host}/"}
    return Check(monitor_id=monitor_id, region_id=1, type="http", settings=settings, scheduled_at=0.0, timeout_ms=1000)


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ({"url": "https://Shop.example:8443/x"}, "shop.example"),
        ({"url": "http://[::1]:80/"}, "::1"),
        ({"url": "http://[oops"}, ""),
        ({"host": "DB.example", "port": 5432}, "db.example"),
        ({"hostname": "example.org"}, "example.org"),
        ({"other": 1}, ""),
    ],
)
def test_the_host_of_a_check(settings, host):
    assert host_of(to("", settings=settings)) == host


def test_who_comes_first_starts_first_and_a_monitor_waits_once():
    seats = Seats(1, lambda host: None)
    assert seats.take(to("a", 1), 10.0) == "a"
    assert [seats.take(to("a", number), 10.0 + number) for number in (2, 3, 2)] == [None] * 3
    assert (len(seats), seats.are_free) == (2, False)
    assert seats.take(to("b", 9), 0.0) == "b"
    seats.give_back("a")
    assert [(name, check.monitor_id, due) for name, check, due in seats.next(30)] == [("a", 2, 12.0)]
    assert [check.monitor_id for check in seats.rest()] == [3]
    seats.give_back("a")
    assert [check.monitor_id for _, check, _ in seats.next(30)] == [3]
    seats.give_back("a")
    assert seats.take(to("a", 4), 0.0) == "a"


def test_names_of_one_address_share_its_seats():
    seats = Seats(1, {"a": "192.0.2.1", "b": "192.0.2.1"}.get)
    assert seats.take(to("a", 1), 0.0) == "192.0.2.1"
    assert seats.take(to("b", 2), 0.0) is None


def test_without_a_limit_nobody_waits():
    seats = Seats(None, lambda host: None)
    assert {seats.take(to("a", number), 0.0) for number in range(100)} == {""}


def test_a_host_that_hangs_holds_back_its_own_checks_only_and_none_is_dropped(engine, store, check):
    with Target() as hanging, Target(host="127.0.0.2") as well:
        slow = [check(hanging.url("/hang"), timeout_ms=700) for _ in range(9)]
        quick = [check(well.url("/")) for _ in range(20)]
        store.add(*slow, *quick)
        engine(per_host=3, capacity=40)
        results = store.wait_results(29, seconds=30)
    by_monitor = {one.check.monitor_id: one for one in results}
    assert all(by_monitor[one.monitor_id].ok for one in quick)
    found = [by_monitor[one.monitor_id] for one in slow]
    assert {one.failure_class for one in found} == {"timeout"}
    late = sorted(one.lag_ms for one in found)
    assert late[3] > 600
    assert late[6] > 1300
    assert max(by_monitor[one.monitor_id].finished_at for one in quick) < max(one.started_at for one in found)


def test_those_who_wait_take_no_room_from_others(engine, store, check):
    with Target() as hanging, Target(host="127.0.0.2") as well:
        store.add(*[check(hanging.url("/hang"), timeout_ms=2000) for _ in range(12)])
        running = engine(per_host=1, capacity=4)
        ends = time.monotonic() + 20
        while running.stats().held < 11 and time.monotonic() < ends:
            running.wake()
            time.sleep(0.05)
        assert running.stats().held >= 10
        store.add(check(well.url("/")))
        running.wake()
        store.wait_results(1, seconds=20)
        assert running.stop(0.5) is False, "what still waits is left to the next engine"
