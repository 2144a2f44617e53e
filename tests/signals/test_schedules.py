"""When a heartbeat is expected, in calendars and time zones."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.invalid import Invalid
from signals.schedules import clean_schedule, next_due, next_runs

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def berlin(*parts, fold=0):
    return datetime(*parts, tzinfo=BERLIN, fold=fold).astimezone(UTC)


def cron(expression, timezone="UTC"):
    return {"kind": "cron", "expression": expression, "timezone": timezone}


def calendar(expression, timezone="UTC"):
    return {"kind": "oncalendar", "expression": expression, "timezone": timezone}


def test_an_interval_counts_from_the_last_run():
    schedule = {"kind": "interval", "interval_seconds": 90}
    assert next_runs(schedule, NOW, 2) == [NOW + timedelta(seconds=90), NOW + timedelta(seconds=180)]


def test_cron_runs_at_local_time_on_both_sides_of_a_clock_change():
    runs = next_runs(cron("30 6 * * *", "Europe/Berlin"), berlin(2026, 3, 28, 7), 2)
    assert runs == [berlin(2026, 3, 29, 6, 30), berlin(2026, 3, 30, 6, 30)]
    assert [run.hour for run in runs] == [4, 4]


def test_cron_in_the_skipped_hour_runs_once_right_after_it():
    first, second = next_runs(cron("30 2 * * *", "Europe/Berlin"), berlin(2026, 3, 28, 12), 2)
    assert first == berlin(2026, 3, 29, 3, 0)
    assert second == berlin(2026, 3, 30, 2, 30)


def test_cron_in_the_repeated_hour_runs_once():
    runs = next_runs(cron("30 2 * * *", "Europe/Berlin"), berlin(2026, 10, 24, 12), 2)
    assert runs == [berlin(2026, 10, 25, 2, 30), berlin(2026, 10, 26, 2, 30)]


def test_oncalendar_follows_systemd():
    assert next_due(calendar("Mon *-*-* 08:00"), NOW) == datetime(2026, 3, 9, 8, tzinfo=UTC)
    assert next_due(calendar("*-*~1 00:00", "Europe/Berlin"), NOW) == berlin(2026, 3, 31)


def test_a_calendar_that_ends_has_no_next_run():
    assert next_due(calendar("2020-01-01"), NOW) is None


@given(
    after=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    schedule=st.sampled_from(
        [
            {"kind": "interval", "interval_seconds": 60},
            cron("*/7 * * * *", "America/New_York"),
            cron("0 3 29 2 *", "Australia/Lord_Howe"),
            calendar("*-*-* 02:30", "Europe/Berlin"),
            calendar("hourly", "Asia/Kathmandu"),
        ]
    ),
)
def test_runs_grow_and_lie_ahead(after, schedule):
    runs = next_runs(schedule, after, 4)
    assert runs == sorted(set(runs))
    assert runs[0] > after


@pytest.mark.parametrize(
    ("raw", "pointers"),
    [
        (None, ["/schedule"]),
        ({}, ["/schedule/kind"]),
        ({"kind": "daily"}, ["/schedule/kind"]),
        ({"kind": ["interval"]}, ["/schedule/kind"]),
        ({"kind": "interval"}, ["/schedule/intervalSeconds"]),
        ({"kind": "interval", "interval_seconds": 9}, ["/schedule/intervalSeconds"]),
        ({"kind": "interval", "interval_seconds": True}, ["/schedule/intervalSeconds"]),
        ({"kind": "interval", "interval_seconds": "60"}, ["/schedule/intervalSeconds"]),
        ({"kind": "interval", "interval_seconds": 365 * 86400 + 1}, ["/schedule/intervalSeconds"]),
        ({"kind": "interval", "interval_seconds": 60, "timezone": "UTC"}, ["/schedule/timezone"]),
        ({"kind": "cron", "expression": "junk", "timezone": "Mars"}, ["/schedule/timezone", "/schedule/expression"]),
        ({"kind": "cron", "expression": "* * * * * *"}, ["/schedule/expression"]),
        ({"kind": "cron", "expression": "0 0 30 2 *"}, ["/schedule/expression"]),
        ({"kind": "cron", "expression": "9" * 5000}, ["/schedule/expression"]),
        ({"kind": "cron", "expression": "0 3 * * *", "timezone": "../../etc/passwd"}, ["/schedule/timezone"]),
        ({"kind": "cron", "expression": None}, ["/schedule/expression"]),
        ({"kind": "oncalendar", "expression": "*:*:*"}, ["/schedule/expression"]),
        ({"kind": "oncalendar", "expression": "2020-01-01"}, ["/schedule/expression"]),
        ({"kind": "oncalendar", "expression": "*-02-30"}, ["/schedule/expression"]),
        ({"kind": "oncalendar", "expression": "Mon 12:00 Europe/Riga"}, ["/schedule/expression"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(raw, pointers):
    with pytest.raises(Invalid) as caught:
        clean_schedule(raw, now=NOW)
    assert [error.pointer for error in caught.value.errors] == pointers


@given(st.text(max_size=40))
def test_no_expression_breaks_the_parsers(expression):
    for kind in ("cron", "oncalendar"):
        with suppress(Invalid):
            clean_schedule({"kind": kind, "expression": expression, "timezone": "UTC"}, now=NOW)


def test_valid_schedules_come_back_complete():
    assert clean_schedule({"kind": "cron", "expression": " 0  3 * * * "}, now=NOW) == cron("0 3 * * *")
    assert clean_schedule({"kind": "interval", "interval_seconds": 10}, now=NOW)["interval_seconds"] == 10
