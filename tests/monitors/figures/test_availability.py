"""Availability: every second of a period is up, down or unknown, whatever the buckets."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors import status
from monitors.figures import availability
from monitors.figures.availability import Change, Span

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = datetime(2026, 4, 2, 7, 30, tzinfo=UTC)
PERIOD = (UNTIL - SINCE).total_seconds()
CHANGES = st.lists(
    st.builds(
        Change, st.integers(-100_000, int(PERIOD) + 100_000).map(lambda s: SINCE + timedelta(seconds=s)),
        st.sampled_from(status.STATUSES),
    ),
    max_size=30,
).map(lambda changes: sorted(changes, key=lambda one: one.at))  # fmt: skip
STATUS = st.sampled_from(status.STATUSES)
INTERVALS = st.sampled_from(["hour", "day", "week", "month"])


def total(bucket):
    return bucket.up_seconds + bucket.down_seconds + bucket.unknown_seconds


@given(CHANGES, STATUS)
def test_stretches_cover_the_period_without_gap_or_overlap(changes, first):
    spans = availability.spans(changes, first=first, since=SINCE, until=UNTIL)
    assert (spans[0].start, spans[-1].end) == (SINCE, UNTIL)
    assert all(one.end == two.start for one, two in pairwise(spans))
    assert all(span.seconds > 0 for span in spans)


@given(CHANGES, STATUS, INTERVALS)
def test_sums_equal_the_period_and_buckets_add_up_to_it(changes, first, interval):
    spans = availability.spans(changes, first=first, since=SINCE, until=UNTIL)
    whole = availability.measure(spans, SINCE, UNTIL)
    buckets = availability.bucketed(spans, availability.edges(SINCE, UNTIL, interval))
    assert total(whole) == pytest.approx(PERIOD)
    for name in ("up_seconds", "down_seconds", "unknown_seconds"):
        assert sum(getattr(bucket, name) for bucket in buckets) == pytest.approx(getattr(whole, name))
    assert all(total(bucket) == pytest.approx((bucket.end - bucket.start).total_seconds()) for bucket in buckets)
    for bucket in (whole, *buckets):
        assert 0 <= bucket.coverage <= 1
        assert bucket.availability is None or 0 <= bucket.availability <= 1


@pytest.mark.parametrize(
    ("name", "counts_as"),
    [
        ("NEW", "unknown"), ("OK", "up"), ("LATE", "up"), ("DEGRADED", "up"), ("DOWN", "down"), ("UNKNOWN", "unknown"),
        ("PAUSED", "unknown"), ("RESUMED", "unknown"),
    ],
)  # fmt: skip
def test_what_each_status_counts_as(name, counts_as):
    bucket = availability.measure([Span(SINCE, UNTIL, name)], SINCE, UNTIL)
    assert getattr(bucket, f"{counts_as}_seconds") == PERIOD == total(bucket)
    assert bucket.availability == {"up": 1.0, "down": 0.0, "unknown": None}[counts_as]


def test_what_nobody_saw_leaves_the_denominator_and_lowers_the_coverage():
    hour = timedelta(hours=1)
    marks = [
        Span(SINCE + hour * n, SINCE + hour * (n + 1), name)
        for n, name in enumerate(["OK", "DOWN", "UNKNOWN", "PAUSED"])
    ]
    bucket = availability.measure(marks, SINCE, SINCE + 4 * hour)
    assert (bucket.availability, bucket.coverage) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("interval", "edges"),
    [
        ("week", ["2026-03-01", "2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30", "2026-04-02"]),
        ("month", ["2026-03-01", "2026-04-01", "2026-04-02"]),
    ],
)
def test_edges_lie_on_mondays_and_firsts(interval, edges):
    assert [f"{edge:%Y-%m-%d}" for edge in availability.edges(SINCE, UNTIL, interval)] == edges


def test_a_day_has_24_hours_also_when_clocks_change_somewhere():
    edges = availability.edges(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC), "day")
    assert {two - one for one, two in pairwise(edges)} == {timedelta(hours=24)}
    shifted = SINCE.astimezone(timezone(timedelta(hours=2)))
    assert availability.edges(shifted, UNTIL, "day")[1] == SINCE + timedelta(days=1)


def test_an_edge_on_the_start_makes_no_empty_bucket():
    edges = availability.edges(SINCE, SINCE + timedelta(days=2), "day")
    assert len(edges) == 3
    assert len(availability.edges(SINCE + timedelta(seconds=1), SINCE + timedelta(days=2), "day")) == 3


def test_day_edges_end_with_the_day():
    edges = availability.day_edges(date(2026, 3, 2), 3)
    assert [f"{edge:%m-%d}" for edge in edges] == ["02-28", "03-01", "03-02", "03-03"]


def test_a_period_without_length_has_no_stretches():
    assert availability.spans([], first="OK", since=UNTIL, until=SINCE) == []
    empty = availability.measure([], SINCE, SINCE)
    assert (empty.availability, empty.coverage) == (None, 0.0)
