"""The engine's side of the database: regions, many failures at once, a broker that is away."""

import pytest
from kombu.exceptions import OperationalError

from monitors.models import EngineRun, Region, Result
from monitors.scheduling import store
from monitors.scheduling.reference import OwnNetwork
from monitors.scheduling.store import DatabaseStore
from tests.monitors.conftest import result_of, status_of

pytestmark = pytest.mark.django_db(transaction=True)


def claim(engine, now, limit=100):
    at = now.timestamp()
    return engine.claim(now=at, until=at + 1, limit=limit)


def test_it_says_that_somebody_looks_from_its_region(make, now):
    make()
    engine = DatabaseStore("default", OwnNetwork([]))
    assert len(claim(engine, now).checks) == 1
    assert Region.objects.get().last_seen_at is not None
    assert EngineRun.objects.count() == 1
    engine.close()
    assert EngineRun.objects.count() == 0


@pytest.mark.parametrize("key", ["mars", "default"])
def test_a_region_that_is_not_there_or_disabled_is_said_once(db, now, caplog, key):
    Region.objects.update(is_enabled=False)
    engine = DatabaseStore(key, OwnNetwork([]))
    for _ in range(3):
        assert claim(engine, now).checks == []
    assert caplog.text.count("nothing is checked") == 1
    engine.close()


def test_many_failures_are_stored_in_small_transactions(make, now, monkeypatch):
    monkeypatch.setattr(store, "MANY_FAILURES", 3)
    monkeypatch.setattr(store, "AT_ONCE", 2)
    monitors = [make(name=f"M{number}", fail_after_consecutive=1) for number in range(5)]
    engine = DatabaseStore("default", OwnNetwork([]))
    engine.record([result_of(monitor, now, ok=False) for monitor in monitors])
    assert Result.objects.count() == 5
    assert {status_of(monitor) for monitor in monitors} == {"DOWN"}
    engine.close()


def test_what_was_stored_before_a_failure_is_not_counted_again(make, now, monkeypatch):
    monkeypatch.setattr(store, "MANY_FAILURES", 1)
    monkeypatch.setattr(store, "AT_ONCE", 1)
    monitors = [make(name=f"M{number}", fail_after_consecutive=5) for number in range(3)]
    results = [result_of(monitor, now, ok=False) for monitor in monitors]
    real, calls = store.record, []

    def failing(part, *, now):
        calls.append(part)
        if len(calls) == 2:
            raise ConnectionError("the database went away")
        return real(part, now=now)

    monkeypatch.setattr(store, "record", failing)
    engine = DatabaseStore("default", OwnNetwork([]))
    with pytest.raises(ConnectionError):
        engine.record(results)
    engine.record(results)
    assert Result.objects.count() == 3
    assert {monitor.region_states.get().consecutive_failures for monitor in monitors} == {1}
    engine.close()


def test_a_broker_that_is_away_is_said_and_stops_nothing(db, monkeypatch, caplog):
    def away(*args, **options):
        raise OperationalError("no broker")

    monkeypatch.setattr(store.current_app, "send_task", away)
    engine = DatabaseStore("default", OwnNetwork([]))
    engine.pass_on()
    assert "goes on alone" in caplog.text
    engine.close()
