"""When a maintenance window is open: one-off or repeated by a rule, on the clock of its time zone. Pure.

A repeated window begins and ends at the same times of the wall clock each time, whatever daylight saving does. A time
that a clock skips is read with the offset before the change, one that comes twice is its first (RFC 5545, 3.3.5).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, weekday

FREQUENCIES = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY, "YEARLY": YEARLY}
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LONGEST_REPEATED = timedelta(days=28)
MOST_TIMES = 5000
# Around a change of the clock a window may lie an hour or two off its nominal place; a day is more than any zone has.
_SLACK = timedelta(days=1)
_PART = re.compile(r"([A-Z]+)=([A-Z0-9,+-]+)")
_DAY = re.compile(rf"([+-]?\d{{1,2}})?({'|'.join(WEEKDAYS)})")
_NUMBERS = {
    "INTERVAL": (1, 366),
    "COUNT": (1, MOST_TIMES),
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYSETPOS": (-31, 31),
}
_LISTS = ("BYMONTH", "BYMONTHDAY", "BYSETPOS")
_ALLOWED = {
    "DAILY": {"BYDAY", "BYMONTH"},
    "WEEKLY": {"BYDAY"},
    "MONTHLY": {"BYDAY", "BYMONTHDAY", "BYSETPOS"},
    "YEARLY": {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"},
}
_COMMON = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}


class WrongRule(ValueError):
    """A rule that cannot be used; says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The first opening [starts_at, ends_at) and the rule that repeats it, empty for a one-off."""

    starts_at: datetime
    ends_at: datetime
    rule: str = ""
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch [start, end)."""

    start: datetime
    end: datetime


def parts_of(rule: str) -> dict[str, str]:
    """The parts of an RRULE value (RFC 5545, 3.3.10), as far as a window takes them. Raises WrongRule.

    Days and longer only, since the time of day is the window's own; no combination that would take long to expand.
    """
    text = rule.strip().upper().removeprefix("RRULE:")
    matches = [_PART.fullmatch(part) for part in text.split(";")]
    if not all(matches):
        raise WrongRule("Write parts such as FREQ=WEEKLY;BYDAY=SU with semicolons in between.")
    pairs = [(found[1], found[2]) for found in matches if found]
    parts = dict(pairs)
    if len(parts) != len(pairs):
        raise WrongRule("Give each part once.")
    _check(parts)
    return parts


def _check(parts: Mapping[str, str]) -> None:
    frequency = parts.get("FREQ", "")
    if frequency not in FREQUENCIES:
        raise WrongRule(f"FREQ must be one of {', '.join(FREQUENCIES)}.")
    known = _COMMON | _ALLOWED[frequency]
    if unknown := sorted(set(parts) - known):
        raise WrongRule(f"With FREQ={frequency} there is no {unknown[0]}; there are {', '.join(sorted(known))}.")
    if "COUNT" in parts and "UNTIL" in parts:
        raise WrongRule("Give COUNT or UNTIL, not both.")
    if frequency == "DAILY" and parts.get("INTERVAL", "1") != "1" and {"BYDAY", "BYMONTH"} & set(parts):
        raise WrongRule("With BYDAY or BYMONTH a daily rule has INTERVAL=1.")
    if parts.get("WKST", "MO") not in WEEKDAYS:
        raise WrongRule(f"WKST must be one of {', '.join(WEEKDAYS)}.")
    for name in set(parts) & set(_NUMBERS):
        _numbers(name, parts[name])
    _weekdays(parts.get("BYDAY"), is_numbered=frequency in ("MONTHLY", "YEARLY"))
    _until(parts.get("UNTIL"), ZoneInfo("UTC"))


def _numbers(name: str, text: str) -> list[int]:
    low, high = _NUMBERS[name]
    words = text.split(",")
    values = [int(word) for word in words if re.fullmatch(r"[+-]?\d{1,4}", word)]
    is_plain = len(values) == len(words) and (name in _LISTS or len(values) == 1)
    if not is_plain or not all(low <= value <= high and value for value in values):
        raise WrongRule(f"{name} takes {'whole numbers' if name in _LISTS else 'a whole number'} from {low} to {high}.")
    return values


def _weekdays(text: str | None, *, is_numbered: bool) -> list[weekday] | None:
    if text is None:
        return None
    found = [_DAY.fullmatch(word) for word in text.split(",")]
    days = []
    for one in found:
        number = int(one[1]) if one and one[1] else None
        if one is None or number == 0 or (number and (not is_numbered or abs(number) > 53)):
            raise WrongRule("BYDAY takes MO, TU, WE, TH, FR, SA, SU; by the month or year also with a number, as 1SU.")
        days.append(weekday(WEEKDAYS.index(one[2]), number))
    return days


def _until(text: str | None, zone: ZoneInfo) -> datetime | None:
    """UNTIL as a time on the wall clock; a bare date includes its day."""
    if text is None:
        return None
    try:
        if len(text) == 8:
            return datetime.strptime(text, "%Y%m%d") + timedelta(days=1, microseconds=-1)
        at = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return at.astimezone(zone).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise WrongRule("UNTIL takes a date such as 20271231, or 20271231T235959Z.") from error


def is_zone(name: str) -> bool:
    """Whether it is a time zone of the IANA database."""
    return name in available_timezones()


def openings(plan: Plan, *, since: datetime, until: datetime) -> list[Period]:
    """The openings that touch [since, until), in order of their starts."""
    near = takewhile(lambda one: one.start < until + _SLACK, _from(plan, since))
    return sorted((one for one in near if one.end > since and one.start < until), key=lambda one: one.start)


def opening_at(plan: Plan, at: datetime) -> Period | None:
    """The opening that `at` lies in, the one that ends last when rules overlap themselves."""
    found = openings(plan, since=at, until=at + timedelta(microseconds=1))
    return max(found, key=lambda one: one.end, default=None)


def next_opening(plan: Plan, after: datetime) -> Period | None:
    """The first opening that is not over at `after`, open already or still to come; None when there is none."""
    return next((one for one in _from(plan, after) if one.end > after), None)


def merged(periods: Iterable[Period]) -> list[Period]:
    """The same stretches of time, in order, none touching another."""
    joined: list[Period] = []
    for one in sorted(periods, key=lambda period: period.start):
        if joined and one.start <= joined[-1].end:
            joined[-1] = Period(joined[-1].start, max(joined[-1].end, one.end))
        else:
            joined.append(one)
    return joined


def _from(plan: Plan, after: datetime) -> Iterator[Period]:
    """Openings from the first that may still last at `after`, in nominal order; some that are over may come too."""
    if not plan.rule:
        yield Period(plan.starts_at, plan.ends_at)
        return
    zone = ZoneInfo(plan.timezone)
    begins, ends = _wall(plan.starts_at, zone), _wall(plan.ends_at, zone)
    length = max(ends - begins, timedelta(0))
    earliest = _wall(after, zone) - length - _SLACK
    for second in _rule(parts_of(plan.rule), begins, zone, earliest):
        wall = second.replace(microsecond=begins.microsecond)
        if wall == begins:
            yield Period(plan.starts_at, plan.ends_at)
        elif wall >= earliest:
            yield _placed(wall, length, zone)


def _placed(wall: datetime, length: timedelta, zone: ZoneInfo) -> Period:
    start = wall.replace(tzinfo=zone).astimezone(UTC)
    end = (wall + length).replace(tzinfo=zone).astimezone(UTC)
    # Where the clock skips the beginning only, the end would come first.
    return Period(start, end if end > start else start + max(length, timedelta(minutes=1)))


def _rule(parts: Mapping[str, str], begins: datetime, zone: ZoneInfo, earliest: datetime) -> rrule:
    """The rule on the wall clock; one without COUNT starts near `earliest`, so that its age costs nothing."""
    interval = int(parts.get("INTERVAL", "1"))
    step = {"DAILY": timedelta(days=interval), "WEEKLY": timedelta(weeks=interval)}.get(parts["FREQ"])
    if step and "COUNT" not in parts and earliest > begins:
        begins += step * max((earliest - begins) // step - 1, 0)
    more: dict[str, Any] = {name.lower(): _numbers(name, parts[name]) for name in _LISTS if name in parts}
    return rrule(
        FREQUENCIES[parts["FREQ"]],
        dtstart=begins,
        interval=interval,
        wkst=WEEKDAYS.index(parts.get("WKST", "MO")),
        count=int(parts["COUNT"]) if "COUNT" in parts else None,
        until=_until(parts.get("UNTIL"), zone),
        byweekday=_weekdays(parts.get("BYDAY"), is_numbered=True),
        **more,
    )


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)
