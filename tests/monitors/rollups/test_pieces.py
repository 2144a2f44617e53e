"""Parts of a period: nothing twice, nothing left out, two hours of raw results at most."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.rollups.pieces import DAY, HOUR, MOST_RAW, Kept, split

NOW = datetime(2026, 3, 20, 15, 3, tzinfo=UTC)
KEPT = Kept(
    hours_until=NOW.replace(minute=0),
    days_until=NOW.replace(hour=0, minute=0),
    raw_since=NOW.replace(minute=0) - 10 * DAY,
    hours_since=NOW.replace(hour=0, minute=0) - 60 * DAY,
)
MINUTES = st.integers(0, 100 * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes))


def parts_of(pieces):
    return sorted([*pieces.raw, *pieces.hours, *pieces.days])


@settings(deadline=None)
@given(MINUTES, MINUTES, st.booleans())
def test_a_period_is_covered_once(one, two, by_days):
    since, until = sorted((one, two))
    if since == until:
        return
    pieces = split(since, until, KEPT, by_days=by_days)
    parts = parts_of(pieces)
    assert all(before[1] == after[0] for before, after in pairwise(parts))
    assert parts[0][0] <= since
    assert parts[-1][1] >= until
    assert sum(((end - start) for start, end in pieces.raw), timedelta()) <= MOST_RAW
    if since >= KEPT.raw_since:
        assert (parts[0][0], parts[-1][1]) == (since, until)
    elif since >= KEPT.hours_since:
        assert since - parts[0][0] < HOUR


def test_thirty_days_by_day_are_days_but_for_the_ends():
    pieces = split(NOW - 30 * DAY, NOW, KEPT, by_days=True)
    assert pieces.raw == [(NOW.replace(minute=0), NOW)]
    assert [(end - start) for start, end in pieces.days] == [29 * DAY]
    assert len(pieces.hours) == 2


def test_what_is_no_longer_kept_by_the_hour_is_read_by_the_day():
    since = KEPT.hours_since - 5 * DAY + 7 * HOUR
    pieces = split(since, since + 3 * DAY, KEPT, by_days=True)
    assert (pieces.raw, pieces.hours) == ([], [])
    assert pieces.days == [(since - 7 * HOUR, since + 3 * DAY + 17 * HOUR)]


def test_rolling_up_that_lags_leaves_a_gap_rather_than_a_slow_read():
    lagging = Kept(NOW - 9 * HOUR, KEPT.days_until - DAY, KEPT.raw_since, KEPT.hours_since)
    pieces = split(NOW - 20 * HOUR, NOW, lagging, by_days=False)
    assert sum(((end - start) for start, end in pieces.raw), timedelta()) == MOST_RAW
    assert pieces.raw[-1][1] == NOW


def test_before_the_first_rolling_up_there_is_only_the_raw_tail():
    beginning = datetime.min.replace(tzinfo=UTC)
    never = Kept(beginning, beginning, KEPT.raw_since, KEPT.hours_since)
    assert split(NOW - 30 * DAY, NOW, never, by_days=True).raw == [(NOW - MOST_RAW, NOW)]
