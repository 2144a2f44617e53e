"""The grid of slots: no drift, well spread, none lost by rounding."""

from collections import Counter
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from monitors.scheduling.slots import first_slot, next_slot, offset_ms, slots_until

IDS = st.integers(1, 10**7)
REGIONS = st.integers(1, 50)
INTERVALS = st.integers(1, 86_400)
TIMES = st.floats(1.6e9, 2e9)


def stored(seconds):
    """An instant as it comes back from the database."""
    return datetime.fromtimestamp(seconds, UTC).timestamp()


@given(IDS, REGIONS, INTERVALS, TIMES)
def test_the_next_slot_is_later_and_at_most_one_interval_away(monitor, region, interval, after):
    slot = next_slot(monitor, region, interval, after)
    assert -0.001 < slot - after <= interval + 0.001


@given(IDS, REGIONS, INTERVALS, TIMES)
def test_slots_are_one_interval_apart_whatever_was_late(monitor, region, interval, after):
    slot = stored(next_slot(monitor, region, interval, after))
    following = stored(next_slot(monitor, region, interval, slot))
    assert abs(following - slot - interval) < 1e-6, "a slot that came back from the database is not its own successor"
    late = slot + interval * 0.7
    assert abs(next_slot(monitor, region, interval, late) - following) < 1e-3


@given(IDS, REGIONS, INTERVALS)
def test_the_offset_lies_within_the_interval(monitor, region, interval):
    assert 0 <= offset_ms(monitor, region, interval * 1000) < interval * 1000


def test_ten_thousand_monitors_do_not_start_together():
    for interval in (10, 30, 60, 300, 3600):
        starts = Counter(int(next_slot(monitor, 1, interval, 0)) for monitor in range(1, 10_001))
        busiest = max(starts.values())
        assert busiest <= 10_000 / interval * 1.2 + 2


@given(IDS, REGIONS, TIMES)
def test_the_first_slot_is_within_a_second_and_never_now(monitor, region, now):
    assert 0 < first_slot(monitor, region, now) - now <= 1.001


def test_slots_that_are_over_are_counted():
    assert [slots_until(60, 1000, now) for now in (999, 1000, 1059, 1060, 1180)] == [0, 1, 1, 2, 4]
