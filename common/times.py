"""How an instant is written: where machines read it, and in sentences that are stored for people."""

import re
from datetime import UTC, datetime, tzinfo

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SAID = re.compile(rf"\b(\d\d?) ({'|'.join(_MONTHS)}) (\d{{4}}), (\d\d):(\d\d)(?::(\d\d))? UTC\b", re.ASCII)


def rfc3339(instant: datetime) -> str:
    """RFC 3339 in UTC with `Z`, to the millisecond."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def spoken(instant: datetime, zone: tzinfo = UTC) -> str:
    """As a sentence says it: "30 Nov 2026, 20:11 UTC", with seconds unless they are zero."""
    local = instant.astimezone(zone)
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year:04}, {clock} {local.tzname()}"


def in_zone(sentence: str, zone: tzinfo) -> str:
    """The sentence with what `spoken` wrote into it moved from UTC to a reader's time zone; all else stays."""
    return _SAID.sub(lambda found: _moved(found, zone), sentence)


def _moved(found: re.Match[str], zone: tzinfo) -> str:
    day, month, year, hour, minute, second = found.groups()
    try:
        at = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second or 0), tzinfo=UTC
        )
        return spoken(at, zone)
    except (ValueError, OverflowError):
        return found[0]
