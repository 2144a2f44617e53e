"""When a heartbeat is expected: intervals, cron and OnCalendar expressions, in their time zones. Pure.

A schedule is a mapping: `{kind: interval, interval_seconds}`, `{kind: cron, expression, timezone}` or
`{kind: oncalendar, expression, timezone}`.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from oncalendar import BaseIterator, OnCalendarError

from common.invalid import FieldError, Invalid
from common.names import camel

KINDS = ("interval", "cron", "oncalendar")
SHORTEST_SECONDS = 10
LONGEST_SECONDS = 365 * 24 * 3600
MAX_EXPRESSION = 100
_FIELDS = {
    "interval": {"kind", "interval_seconds"},
    "cron": {"kind", "expression", "timezone"},
    "oncalendar": {"kind", "expression", "timezone"},
}


def interval_of(schedule: Mapping[str, Any]) -> int | None:
    """The seconds between two runs of an interval schedule; None for calendars."""
    return int(schedule["interval_seconds"]) if schedule["kind"] == "interval" else None


def next_due(schedule: Mapping[str, Any], after: datetime) -> datetime | None:
    """When the run after `after` is expected, in UTC; None when the calendar holds no further one."""
    return next(_runs(schedule, after), None)


def next_runs(schedule: Mapping[str, Any], after: datetime, count: int) -> list[datetime]:
    """The next `count` expected runs after `after`, in UTC; fewer when the calendar ends."""
    return list(islice(_runs(schedule, after), count))


def _runs(schedule: Mapping[str, Any], after: datetime) -> Iterator[datetime]:
    interval = interval_of(schedule)
    if interval is not None:
        step = timedelta(seconds=interval)
        while True:
            after += step
            yield after
    local = after.astimezone(ZoneInfo(schedule["timezone"]))
    iterator = CronSim if schedule["kind"] == "cron" else BaseIterator
    for run in iterator(schedule["expression"], local):
        yield run.astimezone(UTC)


def clean_schedule(raw: object, *, now: datetime) -> dict[str, Any]:
    """The schedule of untrusted input, complete. Raises Invalid with every wrong field, under `/schedule`."""
    if not isinstance(raw, Mapping):
        raise Invalid([FieldError("/schedule", "invalid", "Must be an object with a kind.")])
    kind = raw.get("kind")
    if kind not in KINDS:
        raise Invalid([_error("kind", "invalid_choice", f"Must be one of {', '.join(KINDS)}.")])
    unknown = [
        _error(str(name), "unknown", f"A schedule of kind {kind} has no such field.")
        for name in raw
        if name not in _FIELDS[kind]
    ]
    if kind == "interval":
        return _clean_interval(raw.get("interval_seconds"), unknown)
    return _clean_calendar(raw, str(kind), unknown, now)


def _clean_interval(seconds: object, errors: list[FieldError]) -> dict[str, Any]:
    is_whole = isinstance(seconds, int) and not isinstance(seconds, bool)
    if not is_whole or not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:  # type: ignore[operator]
        detail = f"Must be a whole number of seconds, {SHORTEST_SECONDS} to {LONGEST_SECONDS}."
        errors.append(_error("interval_seconds", "out_of_range", detail))
    if errors:
        raise Invalid(errors)
    return {"kind": "interval", "interval_seconds": seconds}


def _clean_calendar(raw: Mapping[str, Any], kind: str, errors: list[FieldError], now: datetime) -> dict[str, Any]:
    expression, timezone = raw.get("expression"), raw.get("timezone", "UTC")
    if not isinstance(timezone, str) or timezone not in _timezones():
        errors.append(_error("timezone", "invalid_choice", "Must be a name of the IANA time zone database."))
        timezone = "UTC"
    cleaned = {"kind": kind, "expression": expression, "timezone": timezone}
    complaint = _complaint(cleaned, now)
    if complaint:
        errors.append(_error("expression", "invalid", complaint))
    if errors:
        raise Invalid(errors)
    return cleaned | {"expression": " ".join(str(expression).split())}


def _complaint(schedule: dict[str, Any], now: datetime) -> str:
    """What is wrong with the expression, as a sentence; empty when nothing is."""
    expression, kind = schedule["expression"], schedule["kind"]
    if not isinstance(expression, str) or not 1 <= len(expression) <= MAX_EXPRESSION:
        return f"Must be a text of 1 to {MAX_EXPRESSION} characters."
    if kind == "cron" and len(expression.split()) != 5:
        return "Must have five fields: minute, hour, day of month, month, day of week."
    try:
        runs = next_runs(schedule, now, 5)
    except (CronSimError, OnCalendarError) as error:
        return f"Not a valid {kind} expression: {error}."
    except (ValueError, OverflowError):
        return f"Not a valid {kind} expression."
    if not runs:
        return "Never comes again."
    gaps = [(later - sooner).total_seconds() for sooner, later in pairwise(runs)]
    is_tight = min(gaps, default=SHORTEST_SECONDS) < SHORTEST_SECONDS
    return f"Must leave at least {SHORTEST_SECONDS} seconds between runs." if is_tight else ""


def _error(field: str, code: str, detail: str) -> FieldError:
    return FieldError(f"/schedule/{camel(field)}", code, detail)


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())
