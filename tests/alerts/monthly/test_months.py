"""Months on the clock of a time zone, whatever daylight saving does to it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.monthly.months import Month, last_month, month_of, moved_due_at, next_due_at

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago",
         "Australia/Lord_Howe", "Africa/Cairo", "America/Asuncion")  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "month", "since", "until", "due"),
    [
        ("UTC", (2026, 2), "2026-02-01T00:00", "2026-03-01T00:00", "2026-03-01T07:00"),
        ("Europe/Berlin", (2026, 3), "2026-02-28T23:00", "2026-03-31T22:00", "2026-04-01T05:00"),
        ("Europe/Berlin", (2026, 10), "2026-09-30T22:00", "2026-10-31T23:00", "2026-11-01T06:00"),
        ("America/New_York", (2026, 12), "2026-12-01T05:00", "2027-01-01T05:00", "2027-01-01T12:00"),
        ("America/New_York", (2026, 10), "2026-10-01T04:00", "2026-11-01T04:00", "2026-11-01T12:00"),
        ("Asia/Kathmandu", (2028, 2), "2028-01-31T18:15", "2028-02-29T18:15", "2028-03-01T01:15"),
        ("Pacific/Kiritimati", (2026, 1), "2025-12-31T10:00", "2026-01-31T10:00", "2026-01-31T17:00"),
    ],
)
def test_a_month_begins_ends_and_is_due_on_its_own_clock(zone, month, since, until, due):
    found = Month(datetime(*month, 1).date(), zone)
    said = [f"{at:%Y-%m-%dT%H:%M}" for at in (found.since, found.until, found.due_at)]
    assert said == [since, until, due]
    assert all(at.tzinfo == UTC for at in (found.since, found.until, found.due_at))


def test_a_midnight_that_the_clock_skips_is_the_moment_of_the_change():
    # In Asunción the first of October 2023 had no midnight: 00:00 became 01:00.
    month = Month(datetime(2023, 10, 1).date(), "America/Asuncion")
    assert month.since == datetime(2023, 10, 1, 4, tzinfo=UTC)
    assert month.since.astimezone(ZoneInfo(month.zone)).hour == 1
    assert month.previous.until == month.since


def test_names_and_neighbours():
    month = Month(datetime(2026, 1, 1).date(), "UTC")
    assert (month.name, month.previous.name) == ("January 2026", "December 2025")


instants = st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


@given(at=instants, zone=st.sampled_from(ZONES))
def test_months_follow_each_other_without_gap_and_each_is_due_once(at, zone):
    month = month_of(at, zone)
    assert month.since <= at < month.until
    assert month.previous.until == month.since
    assert last_month(at, zone) == month.previous
    due = next_due_at(at, zone)
    assert at < due
    assert due - at < timedelta(days=32)
    assert month_of(due, zone).previous.due_at == due
    following = next_due_at(due, zone)
    assert month_of(following, zone).previous == month_of(due, zone)


@given(at=instants, zone=st.sampled_from(ZONES), other=st.sampled_from(ZONES))
def test_another_clock_keeps_the_month(at, zone, other):
    due = next_due_at(at, zone)
    moved = moved_due_at(due, zone, other)
    assert month_of(moved, other).previous.first == month_of(due, zone).previous.first
    assert moved_due_at(moved, other, zone) == due
