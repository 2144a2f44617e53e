"""The measurements of lag forget what is old and are right within a tenth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.engine import gauges
from monitors.engine.gauges import LagWindow, Turns


@given(st.lists(st.floats(0.2, 5000), min_size=1, max_size=300))
def test_percentiles_are_right_within_a_tenth(lags):
    window = LagWindow()
    for lag in lags:
        window.add(lag)
    exact = sorted(lags)
    p50, p100 = window.percentiles((0.5, 1.0))
    assert exact[(len(lags) - 1) // 2] * 0.999 <= p50 <= exact[(len(lags) - 1) // 2] * 1.101
    assert p100 == pytest.approx(exact[-1], rel=0.101)


def test_a_window_without_starts_says_zero_and_old_starts_are_forgotten(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(gauges.time, "monotonic", lambda: now[0])
    window = LagWindow()
    assert window.percentiles((0.5, 0.99)) == [0.0, 0.0]
    window.add(100)
    now[0] += 45
    assert window.percentiles((0.5,))[0] > 90
    now[0] += 3600
    assert window.percentiles((0.5,)) == [0.0]
    window.add(1)
    assert window.percentiles((0.5,))[0] < 2


def test_the_longest_turn_is_remembered_for_a_second_and_no_longer_than_two():
    turns = Turns()
    start = turns._second
    turns.add(start + 0.1, 0.05)
    turns.add(start + 1.5, 0.001)
    assert turns.longest_ms == pytest.approx(50)
    turns.add(start + 3.0, 0.001)
    assert turns.longest_ms == pytest.approx(1)
