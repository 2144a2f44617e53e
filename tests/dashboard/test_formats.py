"""Numbers, durations and moments as people read them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import formats

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def plain(text: str) -> str:
    return text.replace(formats.NBSP, " ")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0 s"),
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (192, "3 min 12 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (7500, "2 h 5 min"),
        (4 * 86_400 + 6 * 3600 + 59, "4 d 6 h"),
        (timedelta(minutes=3, seconds=12), "3 min 12 s"),
        (-90, "−1 min 30 s"),
    ],
)
def test_duration_names_its_two_largest_units(value, text):
    assert plain(formats.duration(value)) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "–"),
        (1, "100 %"),
        (1.0, "100 %"),
        (0, "0 %"),
        (0.9998, "99.98 %"),
        (0.99981, "99.98 %"),
        (0.99995, "99.995 %"),
        (0.999999, "99.9999 %"),
        (0.99999999, "99.9999 %"),
        (0.974, "97.4 %"),
        (0.98, "98 %"),
        (0.995, "99.5 %"),
    ],
)
def test_percent_has_the_digits_it_deserves(share, text):
    assert plain(formats.percent(share)) == text


@given(st.floats(min_value=0, max_value=1, exclude_max=True))
def test_only_a_flawless_period_reads_a_hundred_percent(share):
    assert not formats.percent(share).startswith("100")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0 ms"),
        (0.83, "0.8 ms"),
        (2.0, "2 ms"),
        (84.2, "84 ms"),
        (999.4, "999 ms"),
        (999.6, "1.00 s"),
        (1240, "1.24 s"),
        (12_345, "12.3 s"),
    ],
)
def test_milliseconds_turn_into_seconds_past_a_thousand(value, text):
    assert plain(formats.milliseconds(value)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (4, "just now"),
        (12, "12 s ago"),
        (-12, "in 12 s"),
        (90, "1 min ago"),
        (7200, "2 h ago"),
        (-86_400, "in 1 d"),
        (29 * 86_400, "29 d ago"),
        (31 * 86_400, "21 Oct"),
        (365 * 86_400, "21 Nov 2025"),
    ],
)
def test_relative_counts_from_now(seconds, text):
    assert plain(formats.relative(NOW - timedelta(seconds=seconds), NOW)) == text


def test_exact_says_the_second_and_the_zone():
    assert formats.exact(datetime(2026, 10, 3, 14, 5, 9, tzinfo=UTC)) == "3 Oct 2026, 14:05:09 UTC"


def test_clock_leaves_out_the_date_of_today():
    assert formats.clock(NOW, NOW) == "12:00:00"
    assert formats.clock(NOW - timedelta(days=1), NOW) == "20 Nov, 12:00:00"


def test_numbers_have_their_thousands_apart():
    assert formats.number(10_000) == "10,000"
