"""Which parts of a period are read from days, which from hours, and which from raw results. Pure."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_RAW = timedelta(hours=2)

Part = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Kept:
    """Until when hours and days are rolled up, and since when raw results and hours are kept."""

    hours_until: datetime
    days_until: datetime
    raw_since: datetime
    hours_since: datetime


@dataclass(frozen=True, slots=True)
class Pieces:
    """Parts [start, end) that do not overlap; what lies in none of them is not known."""

    raw: list[Part] = field(default_factory=list)
    hours: list[Part] = field(default_factory=list)
    days: list[Part] = field(default_factory=list)


def split(since: datetime, until: datetime, kept: Kept, *, by_days: bool) -> Pieces:
    """The period in parts. Where raw results, or hours, are no longer kept it is widened to whole hours, or days.

    At most two hours of raw results are read, the newest but for a broken hour at the beginning; so rolling up that
    lags leaves a gap rather than a slow read. `by_days` allows days, where nobody asks for less.
    """
    pieces = Pieces()
    first = _up(since, HOUR) if since >= kept.raw_since else _down(since, HOUR)
    last = _down(min(until, kept.hours_until), HOUR)
    if until < min(kept.hours_until, kept.raw_since):
        last = _up(until, HOUR)
    if last <= first:
        pieces.raw.extend(_raw([(max(since, kept.raw_since), until)]))
        return pieces
    pieces.raw.extend(_raw([(since, first), (last, until)]))
    _hours_and_days(first, last, kept, pieces, by_days=by_days)
    return pieces


def _hours_and_days(first: datetime, last: datetime, kept: Kept, pieces: Pieces, *, by_days: bool) -> None:
    begin = _up(first, DAY) if first >= kept.hours_since else _down(first, DAY)
    end = _down(min(last, kept.days_until), DAY)
    if last < min(kept.days_until, kept.hours_since):
        end = _up(last, DAY)
    if not by_days or end <= begin:
        pieces.hours.append((first, last))
        return
    pieces.days.append((begin, end))
    pieces.hours.extend(part for part in ((first, begin), (end, last)) if part[0] < part[1])


def _raw(parts: list[Part]) -> list[Part]:
    """The parts, of which the last is cut at its beginning so that all together are two hours at most."""
    kept, left = [], MOST_RAW
    for start, end in parts:
        start = max(start, end - left)
        if start < end:
            kept.append((start, end))
            left -= end - start
    return kept


def _down(at: datetime, step: timedelta) -> datetime:
    at = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return at.replace(hour=0) if step == DAY else at


def _up(at: datetime, step: timedelta) -> datetime:
    down = _down(at, step)
    return down if down == at else down + step
