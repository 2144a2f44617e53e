"""Hostile servers among good ones: each ends in its class and its time, and delays nobody."""

import time
from dataclasses import replace

import pytest

from common.addresses import AddressPolicy
from tests.monitors.probes.hostile import hostile_ports, misbehave, question
from tests.targets import Target, refusing_url

HOSTILE = {
    "/drip": "timeout",
    "/drip-headers": "timeout",
    "/hang": "timeout",
    "/endless": "too_large",
    "/header-bomb": "too_large",
    "/continue-bomb": "too_large",
    "/gzip-bomb/32": "too_large",
    "/nested-bomb/32": "too_large",
    "/brotli-bomb": "too_large",
    "/reset": "reset",
    "/reset-body": "reset",
    "/garbage": "reset",
    "/loop": "http_status",
}


def test_hostile_servers_delay_no_good_one(engine, store, check):
    with Target() as bad, Target() as good:
        costly = {"source": "body", "comparison": "matches", "target": r"([a-q][^u-z]{30}){3}9"}
        store.add(*(check(bad.url(path), timeout_ms=2500, assertions=[costly]) for path in HOSTILE))
        store.add(*(check(good.url(), seconds=number / 100) for number in range(60)))
        running = engine()
        results = store.wait_results(len(HOSTILE) + 60, seconds=20)
        by_path = {result.check.settings["url"].removeprefix(bad.url("")): result for result in results}
        assert {path: by_path[path].failure_class for path in HOSTILE} == HOSTILE
        for result in results:
            assert result.finished_at - result.started_at < 5
        fine = [result for result in results if result.check.settings["url"].startswith(good.url(""))]
        assert all(result.ok for result in fine)
        assert max(result.lag_ms for result in fine) < 1000
        assert running.stats().in_flight == 0


def test_hostile_servers_of_every_type_delay_no_good_one(engine, store, check):
    """Each type against each behaviour, all at once."""
    cases = {}
    with hostile_ports() as ports, Target() as good:
        for (kind, behaviour), port in ports.items():
            asked, settings = question(kind, port)
            one = replace(check("http://never.test/", timeout_ms=2000), type=asked, settings=settings)
            cases[one.monitor_id] = kind, behaviour
            store.add(one)
        store.add(*(check(good.url(), seconds=number / 50) for number in range(60)))
        running = engine()
        results = store.wait_results(len(ports) + 60, seconds=30)
    bad = [result for result in results if result.check.monitor_id in cases]
    wrong = {
        cases[one.check.monitor_id]: one.detail
        for one in bad
        if one.failure_class not in misbehave(*cases[one.check.monitor_id])[1] or one.finished_at - one.started_at > 4
    }
    assert wrong == {}
    fine = [result for result in results if result.check.monitor_id not in cases]
    assert all(result.ok for result in fine)
    assert max(result.lag_ms for result in fine) < 1000
    assert (running.stats().in_flight, running.stats().broken_total) == (0, 0)


def test_a_costly_judgement_is_made_aside(engine, store, check, target):
    costly = {"source": "body", "comparison": "matches", "target": r"([a-q][^u-z]{30}){3}9"}
    store.add(check(target.url("/large/1000000"), assertions=[costly]))
    store.add(*(check(target.url(), seconds=number / 50) for number in range(20)))
    engine()
    results = store.wait_results(21)
    assert max(result.lag_ms for result in results) < 1000


def test_two_hundred_silent_servers_leave_room_for_a_good_one(engine, store, check):
    with Target() as silent, Target() as good:
        store.add(*(check(silent.url("/hang"), timeout_ms=2000) for _ in range(200)))
        store.add(check(good.url(), seconds=0.5))
        engine(capacity=300)
        results = store.wait_results(201, seconds=20)
    classes = [result.failure_class for result in results]
    assert classes.count("timeout") == 200
    assert next(result for result in results if result.ok).lag_ms < 1000


def test_the_guard_holds_in_the_engine(engine, store, check, target):
    asked = len(target.requests)
    store.add(check(target.url()), check(target.url(host="localhost")), check(target.url(host="0x7f.1")))
    engine(policy=AddressPolicy())
    assert [result.failure_class for result in store.wait_results(3)] == ["blocked"] * 3
    assert len(target.requests) == asked


def test_handles_are_used_again_without_mixing_up_requests(engine, store, check, target):
    shapes = [
        {},
        {"method": "POST", "body": "x"},
        {"headers": {"X-A": "1"}},
        {"auth": {"type": "basic", "username": "a", "password": "b"}},
        {"method": "HEAD"},
        {},
    ]
    before = len(target.requests)
    store.add(*(check(target.url(f"/n{n}"), seconds=n / 20, **shape) for n, shape in enumerate(shapes * 3)))
    engine()
    assert all(result.ok for result in store.wait_results(18))
    for request in target.requests[before:]:
        shape = shapes[int(request.path[2:]) % 6]
        assert request.method == shape.get("method", "GET")
        assert request.body == shape.get("body", "").encode()
        assert ("x-a" in request.headers) is ("headers" in shape)
        assert ("authorization" in request.headers) is ("auth" in shape)


@pytest.mark.parametrize("https", [False, True])
def test_refused_and_secure_targets_in_the_loop(engine, store, check, authority, https):
    with Target(authority.context()) as secure, refusing_url() as refusing:
        store.add(check(secure.url(host="localhost")) if https else check(refusing))
        engine()
        result = store.wait_results(1)[0]
    assert (result.failure_class is None) is https
    assert (result.certificate is not None) is https


def test_time_spent_is_within_the_timeout_even_for_two_looks(engine, store, check, target):
    store.add(check(target.url("/hang"), timeout_ms=1500, second_look=True))
    engine()
    started = time.monotonic()
    result = store.wait_results(1)[0]
    assert result.first_look == "timeout"
    assert time.monotonic() - started < 4
