"""When windows are open: tables of rules, changes of the clock, and properties that hold for any of them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.planned.windows import Period, Plan, WrongRule, merged, next_opening, opening_at, openings, parts_of

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def berlin(*parts):
    return datetime(*parts, tzinfo=BERLIN).astimezone(UTC)


def starts(plan, since, until):
    return [one.start for one in openings(plan, since=since, until=until)]


def test_a_one_off_is_open_from_its_start_to_just_before_its_end(now):
    plan = Plan(now, now + HOUR)
    assert opening_at(plan, now - timedelta(seconds=1)) is None
    assert opening_at(plan, now) == Period(now, now + HOUR)
    assert opening_at(plan, now + HOUR) is None
    assert next_opening(plan, now + HOUR) is None


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=DAILY", [2, 3, 4, 5, 6, 7, 8]),
        ("FREQ=DAILY;INTERVAL=3", [2, 5, 8]),
        ("FREQ=WEEKLY;BYDAY=SU", [8]),
        ("FREQ=WEEKLY;BYDAY=MO,WE", [2, 4]),
        ("FREQ=MONTHLY;BYDAY=1FR", [6]),
        ("FREQ=MONTHLY;BYMONTHDAY=4", [4]),
        ("FREQ=DAILY;COUNT=2", [2, 3]),
        ("FREQ=DAILY;UNTIL=20260304", [2, 3, 4]),
        ("FREQ=DAILY;UNTIL=20260304T020000Z", [2, 3, 4]),
        ("FREQ=DAILY;UNTIL=20260304T015959Z", [2, 3]),
        ("RRULE:FREQ=DAILY;BYDAY=SA,SU", [7, 8]),
        ("freq=weekly", [2]),
    ],
)
def test_a_rule_repeats_it(rule, days):
    start = datetime(2026, 3, 2, 2, tzinfo=UTC)  # a Monday
    plan = Plan(start, start + HOUR, rule)
    found = starts(plan, start, start + timedelta(days=7))
    assert [one.day for one in found] == days
    assert all(one.hour == 2 for one in found)


@pytest.mark.parametrize(
    "rule",
    [
        "", "weekly", "FREQ=HOURLY", "FREQ=SECONDLY", "FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=99999", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=400", "FREQ=DAILY;BYHOUR=3",
        "FREQ=WEEKLY;BYDAY=1MO", "FREQ=WEEKLY;BYDAY=XX", "FREQ=MONTHLY;BYMONTHDAY=0", "FREQ=MONTHLY;BYMONTHDAY=40",
        "FREQ=DAILY;COUNT=3;UNTIL=20260401", "FREQ=DAILY;UNTIL=tomorrow", "FREQ=DAILY;UNTIL=20261399",
        "FREQ=DAILY;INTERVAL=2;BYDAY=MO", "FREQ=MONTHLY;BYMONTH=2", "FREQ=WEEKLY;WKST=XX",
        "FREQ=DAILY;INTERVAL=1,2", "FREQ=DAILY;;", "FREQ=MONTHLY;BYDAY=0MO", "FREQ=YEARLY;BYEASTER=1",
    ],
)  # fmt: skip
def test_a_rule_that_no_window_takes_is_refused(rule):
    with pytest.raises(WrongRule):
        parts_of(rule)


def test_it_keeps_its_time_of_day_when_the_clock_is_set_ahead():
    plan = Plan(berlin(2026, 3, 27, 1), berlin(2026, 3, 27, 4), "FREQ=DAILY", "Europe/Berlin")
    found = openings(plan, since=berlin(2026, 3, 27), until=berlin(2026, 3, 31))
    assert [one.start for one in found] == [berlin(2026, 3, day, 1) for day in (27, 28, 29, 30)]
    assert [(one.end - one.start) / HOUR for one in found] == [3, 3, 2, 3]


def test_it_keeps_its_time_of_day_when_the_clock_is_set_back():
    plan = Plan(berlin(2026, 10, 24, 1), berlin(2026, 10, 24, 4), "FREQ=DAILY", "Europe/Berlin")
    found = openings(plan, since=berlin(2026, 10, 24), until=berlin(2026, 10, 27))
    assert [(one.end - one.start) / HOUR for one in found] == [3, 4, 3]


def test_a_time_that_the_clock_skips_is_read_with_the_offset_before():
    plan = Plan(berlin(2026, 3, 28, 2, 30), berlin(2026, 3, 28, 3), "FREQ=DAILY", "Europe/Berlin")
    skipped = openings(plan, since=berlin(2026, 3, 29), until=berlin(2026, 3, 30))
    assert skipped == [Period(berlin(2026, 3, 29, 3, 30), berlin(2026, 3, 29, 4))]


def test_a_time_that_comes_twice_is_its_first():
    plan = Plan(berlin(2026, 10, 24, 2, 15), berlin(2026, 10, 24, 2, 45), "FREQ=DAILY", "Europe/Berlin")
    (found,) = openings(plan, since=berlin(2026, 10, 25), until=berlin(2026, 10, 26))
    assert found == Period(datetime(2026, 10, 25, 0, 15, tzinfo=UTC), datetime(2026, 10, 25, 0, 45, tzinfo=UTC))


def test_periods_that_touch_are_merged(now):
    found = merged(
        [Period(now + HOUR, now + 2 * HOUR), Period(now, now + HOUR), Period(now + 3 * HOUR, now + 4 * HOUR)]
    )
    assert found == [Period(now, now + 2 * HOUR), Period(now + 3 * HOUR, now + 4 * HOUR)]


ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia"]
)
RULES = st.sampled_from(
    ["FREQ=DAILY", "FREQ=DAILY;INTERVAL=5", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU", "FREQ=MONTHLY;BYDAY=-1SU"]
)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
LENGTHS = st.integers(1, 3 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))


@st.composite
def plans(draw):
    start, length = draw(INSTANTS), draw(LENGTHS)
    return Plan(start, start + length, draw(RULES), draw(ZONES))


@given(plan=plans(), after=st.integers(0, 3000 * 24).map(lambda hours: timedelta(hours=hours)))
def test_an_old_rule_opens_as_if_it_were_followed_from_its_beginning(plan, after):
    since = plan.starts_at + after
    until = since + timedelta(days=40)
    everything = openings(plan, since=plan.starts_at, until=until)
    assert openings(plan, since=since, until=until) == [one for one in everything if one.end > since]


@given(plan=plans(), offset=st.integers(0, 400 * 24 * 60))
def test_an_opening_is_never_empty_and_holds_what_it_says(plan, offset):
    at = plan.starts_at + timedelta(minutes=offset)
    found = opening_at(plan, at)
    coming = next_opening(plan, at)
    assert coming is not None
    assert coming.start < coming.end
    assert coming.end > at
    if found is not None:
        assert found.start <= at < found.end


@given(plan=plans())
def test_the_time_of_day_is_the_same_unless_a_clock_changes_at_it(plan):
    zone = ZoneInfo(plan.timezone)
    wall = plan.starts_at.astimezone(zone).time()
    found = openings(plan, since=plan.starts_at, until=plan.starts_at + timedelta(days=400))
    odd = [one for one in found if one.start.astimezone(zone).time() != wall]
    assert len(odd) <= 4  # two changes of the clock a year at most touch a given time of day
