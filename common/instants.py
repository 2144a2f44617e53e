"""Instants that machines wrote: RFC 3339, read strictly."""

import re
from datetime import UTC, datetime, timedelta

from common.times import rfc3339

__all__ = ["parse_instant", "parse_instant_or_date", "rfc3339"]

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def parse_instant(text: str) -> datetime:
    """The instant in UTC; an offset is required, finer than a microsecond is cut off. Raises ValueError."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise ValueError("not an RFC 3339 instant")
    date, time, fraction, zone = found.groups()
    offset = "+00:00" if zone in "Zz" else zone
    try:
        return datetime.fromisoformat(f"{date}T{time}.{(fraction or '0')[:6]:0<6}{offset}").astimezone(UTC)
    except OverflowError as error:
        raise ValueError("outside the calendar") from error


def parse_instant_or_date(text: str, *, is_end: bool = False) -> datetime:
    """As `parse_instant`, or a bare date: its first midnight in UTC, or the one that ends it. Raises ValueError.

    A `+` that a client forgot to escape in a query arrives as a space and is taken as meant.
    """
    if _DATE.fullmatch(text) is None:
        return parse_instant(re.sub(r" (\d\d:\d\d)$", r"+\1", text) if "T" in text.upper() else text)
    midnight = datetime.fromisoformat(text).replace(tzinfo=UTC)
    try:
        return midnight + timedelta(days=1) if is_end else midnight
    except OverflowError as error:
        raise ValueError("outside the calendar") from error
