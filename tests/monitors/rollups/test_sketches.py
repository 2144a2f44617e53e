"""Sketches: any percentile within 1 %, the same whatever the order of merging, and back from their bytes."""

import math
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitors.rollups import sketches, summaries
from monitors.rollups.summaries import Summary

LATENCIES = st.floats(min_value=0.05, max_value=120_000, allow_nan=False)
CHECKS = st.lists(
    st.tuples(st.booleans(), st.none() | LATENCIES, st.lists(st.none() | LATENCIES, min_size=5, max_size=5)),
    max_size=25,
)
# A machine that is busy is no failure.
PATIENT = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
SHARES = (0.0, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)


def summary_of(checks):
    whole = Summary()
    for ok, latency, phases in checks:
        whole.add(ok, latency, phases)
    return whole


def nearest_rank(values, share):
    return sorted(values)[max(1, math.ceil(share * len(values))) - 1]


@PATIENT
@given(st.lists(LATENCIES, min_size=1, max_size=300))
def test_every_percentile_is_within_one_percent(values):
    found = summary_of((True, value, ()) for value in values).percentiles(*SHARES)
    for share, value in zip(SHARES, found, strict=True):
        assert value == pytest.approx(nearest_rank(values, share), rel=sketches.ACCURACY + 1e-9)


@pytest.mark.parametrize("shape", [random.Random(1).expovariate, lambda rate: random.Random(2).lognormvariate(4, rate)])
def test_a_day_of_checks_keeps_the_accuracy(shape):
    values = [max(0.1, shape(0.4) * 50) for _ in range(1440)]
    found = summary_of((True, value, ()) for value in values).percentiles(*SHARES)
    exact = [nearest_rank(values, share) for share in SHARES]
    assert found == [pytest.approx(value, rel=0.0101) for value in exact]


@PATIENT
@given(CHECKS, CHECKS, CHECKS)
def test_merging_in_any_order_gives_what_all_at_once_gives(one, two, three):
    parts = [summary_of(part) for part in (one, two, three)]
    left = summaries.merged([summaries.merged(parts[:2]), parts[2]])
    right = summaries.merged([parts[0], summaries.merged([parts[2], parts[1]])])
    assert left == right == summary_of(one + two + three)


@PATIENT
@given(CHECKS)
def test_bytes_and_back(checks):
    whole = summary_of(checks)
    assert summaries.unpack(summaries.pack(whole)) == whole


@PATIENT
@given(st.dictionaries(st.integers(0, 23), CHECKS.map(summary_of), max_size=5))
def test_hours_of_a_day_and_back(hours):
    assert summaries.unpack_hours(summaries.pack_hours(hours)) == hours


def test_failed_checks_count_but_lend_no_latency():
    whole = summary_of([(True, 10.0, (1, 2, 3, 4, None)), (False, 8000.0, (1, 1, 1, 1, 1)), (True, None, ())])
    assert (whole.checks, whole.failures, whole.count, whole.mean_ms) == (3, 1, 1, 10.0)
    assert whole.phases_ms == {"dns": 1, "connect": 2, "tls": 3, "first_byte": 4, "transfer": 0}


def test_of_nothing_nothing_is_known():
    assert Summary().percentiles(0.5, 0.9) == [None, None]
    assert (Summary().mean_ms, Summary().min_ms, Summary().max_ms) == (None, None, None)


def test_an_hour_and_a_day_are_small():
    chance = random.Random(3)
    hour = lambda: summary_of((True, chance.lognormvariate(4.5, 0.3), (1.2, 8.1, 17.3, 60.0, 1.1)) for _ in range(60))  # noqa: E731
    hours = {number: hour() for number in range(24)}
    assert len(summaries.pack_hours(hours)) < 24 * 90
    assert len(summaries.pack(summaries.merged(hours.values()))) < 450
