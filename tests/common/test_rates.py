"""How many requests a second pass, in one process; over several: tests/journeys/test_rate_limit.py."""

import logging
import uuid

import pytest

from common import rates


@pytest.fixture
def clock(monkeypatch):
    """Moves by hand the clock by which requests are counted."""

    class Clock:
        at = 1_000_000.0

    monkeypatch.setattr("limits.storage.memory.time.time", lambda: Clock.at)
    return Clock


@pytest.fixture
def caller(settings):
    settings.API_RATE_PER_SECOND, settings.REDIS_URL = 100, ""
    return f"token:{uuid.uuid4()}"


def passed(caller, times):
    return sum(not rates.take(caller).is_over for _ in range(times))


def test_a_hundred_pass_in_any_second(caller, clock):
    assert passed(caller, 300) == 100
    clock.at += 0.5
    assert passed(caller, 300) == 0
    clock.at += 0.51
    assert passed(caller, 300) == 100


def test_room_comes_back_as_the_oldest_leave(caller, clock):
    assert passed(caller, 60) == 60
    clock.at += 0.6
    assert passed(caller, 60) == 40
    clock.at += 0.41
    assert passed(caller, 100) == 60


def test_others_are_untouched(caller, clock):
    assert passed(caller, 200) == 100
    assert rates.take(caller + "2").remaining == 99


def test_the_headers_tell_where_one_stands(caller, clock):
    assert rates.take(caller).headers == {
        "RateLimit-Limit": "100", "RateLimit-Remaining": "99", "RateLimit-Reset": "1",
    }  # fmt: skip
    passed(caller, 150)
    assert rates.take(caller) == rates.Standing(limit=100, remaining=0, reset_seconds=1, is_over=True)


def test_many_callers_leave_no_trace(caller, clock, monkeypatch):
    monkeypatch.setattr(rates, "_MOST_CALLERS_HERE", 50)
    for number in range(200):
        rates.take(f"{caller}:{number}")
    assert len(rates._memory()[0].events) <= 51


def test_without_its_redis_everything_passes_and_it_is_said_once(caller, settings, caplog, monkeypatch):
    monkeypatch.setattr(rates, "_pause", rates._Pause())
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with caplog.at_level(logging.WARNING, logger="common.rates"):
        assert passed(caller, 200) == 200
    assert len(caplog.records) == 1
    assert "Redis" in caplog.text
