"""How numbers, durations and moments are written for people; pure functions of their arguments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

NBSP = "\N{NO-BREAK SPACE}"
NOTHING = "\N{EN DASH}"
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
UNITS = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)]


def duration(value: timedelta | float | None) -> str:
    """Seconds or a timedelta as its two largest units: "3 min 12 s", "4 d 6 h", "0 s"."""
    if value is None:
        return NOTHING
    seconds = int(value.total_seconds() if isinstance(value, timedelta) else value)
    sign, seconds = ("\N{MINUS SIGN}" if seconds < 0 else ""), abs(seconds)
    for place, (_, size) in enumerate(UNITS):
        if seconds >= size:
            return sign + NBSP.join(_two_units(seconds, place))
    return f"0{NBSP}s"


def _two_units(seconds: int, place: int) -> list[str]:
    parts = []
    for unit, size in UNITS[place : place + 2]:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{NBSP}{unit}")
    return parts


def percent(share: float | None) -> str:
    """A share of 0 to 1 with as many digits as it deserves: "100 %", "99.98 %", "97.4 %".

    Cut, not rounded: only a flawless period reads 100 %.
    """
    if share is None:
        return NOTHING
    value = Decimal(str(share)) * 100
    cut = value.quantize(Decimal(1).scaleb(-_percent_digits(value)), ROUND_FLOOR)
    return f"{_trimmed(cut)}{NBSP}%"


def _percent_digits(value: Decimal) -> int:
    if value < 99:
        return 1
    if value < Decimal("99.99"):
        return 2
    return 3 if value < Decimal("99.999") else 4


def _trimmed(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def milliseconds(value: float | None) -> str:
    """A latency: "0.8 ms", "84 ms", "1.24 s", "12.3 s", "3 min 12 s"."""
    if value is None:
        return NOTHING
    if value >= 60_000:
        return duration(value / 1000)
    if value < 9.95:
        return f"{_trimmed(Decimal(f'{value:.1f}'))}{NBSP}ms"
    if value < 999.5:
        return f"{value:.0f}{NBSP}ms"
    seconds = value / 1000
    return f"{seconds:.2f}{NBSP}s" if seconds < 10 else f"{seconds:.1f}{NBSP}s"


def number(value: float | None) -> str:
    """A count with its thousands apart: "10,000"."""
    return NOTHING if value is None else f"{value:,}"


def exact(moment: datetime | None) -> str:
    """A moment to the second with its zone: "3 Oct 2026, 14:05:09 UTC"."""
    if moment is None:
        return NOTHING
    return f"{_day(moment)} {moment.year}, {moment:%H:%M:%S} {moment.tzname() or ''}".rstrip()


def clock(moment: datetime, now: datetime) -> str:
    """A moment to the second, with its date unless that is today: "14:05:09", "3 Oct, 14:05:09"."""
    time_of_day = f"{moment:%H:%M:%S}"
    return time_of_day if moment.date() == now.date() else f"{day(moment, now)}, {time_of_day}"


def day(moment: datetime | None, now: datetime) -> str:
    """A date without the year while it is the current one: "3 Oct", "3 Oct 2025"."""
    if moment is None:
        return NOTHING
    return _day(moment) if moment.year == now.year else f"{_day(moment)} {moment.year}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {MONTHS[moment.month - 1]}"


def relative(moment: datetime | None, now: datetime) -> str:
    """How far a moment is from `now`: "just now", "3 min ago", "in 2 h", a date past 30 days.

    static/js/times.js keeps the same text fresh in the browser; change both together.
    """
    if moment is None:
        return NOTHING
    seconds = int((now - moment).total_seconds())
    if abs(seconds) >= 30 * 86_400:
        return day(moment, now)
    if abs(seconds) < 5:
        return "just now"
    unit, size = next((unit, size) for unit, size in UNITS if abs(seconds) >= size)
    distance = f"{abs(seconds) // size}{NBSP}{unit}"
    return f"{distance} ago" if seconds > 0 else f"in {distance}"


def iso(moment: datetime) -> str:
    """A moment for a <time datetime> attribute, in UTC to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
