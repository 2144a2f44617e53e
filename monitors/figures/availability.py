"""Availability from status history: time-weighted, never from counts. Pure.

Downtime is DOWN time. UNKNOWN, NEW, PAUSED and RESUMED (nobody saw anything) and maintenance leave the denominator;
`coverage` is the share of the period outside maintenance that was observed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from monitors import status
from monitors.planned.windows import Period

MAINTENANCE = "MAINTENANCE"  # no status of a monitor: what its time is in while a window is open
OBSERVED = frozenset({status.OK, status.DEGRADED, status.LATE, status.DOWN})


class Span(NamedTuple):
    """A stretch [start, end) in one status."""

    start: datetime
    end: datetime
    status: str

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


@dataclass(slots=True)
class Bucket:
    """Seconds by what they were, of one period; beside them how many checks it saw, and how many of them failed."""

    start: datetime
    end: datetime
    up_seconds: float = 0.0
    down_seconds: float = 0.0
    unknown_seconds: float = 0.0
    maintenance_seconds: float = 0.0
    statuses: set[str] = field(default_factory=set)
    checks: int = 0
    failures: int = 0

    @property
    def availability(self) -> float | None:
        """0 to 1, or None when nothing was observed."""
        observed = self.up_seconds + self.down_seconds
        return self.up_seconds / observed if observed > 0 else None

    @property
    def coverage(self) -> float:
        """0 to 1: the share of the period outside maintenance that was observed."""
        total = (self.end - self.start).total_seconds() - self.maintenance_seconds
        return min(1.0, (self.up_seconds + self.down_seconds) / total) if total > 0 else 0.0


class Change(NamedTuple):
    """One row of status history."""

    at: datetime
    after: str


def spans(changes: Sequence[Change], *, first: str, since: datetime, until: datetime) -> list[Span]:
    """The period as stretches, without gaps; `first` is the status at `since`, `changes` are in order of time."""
    if until <= since:
        return []
    inside = [one for one in changes if since < one.at < until]
    marks = [Change(since, first), *inside, Change(until, "")]
    return [Span(one.at, two.at, one.after) for one, two in pairwise(marks) if two.at > one.at]


def seen_from(at: datetime, spans_: Iterable[Span]) -> list[Span]:
    """The same stretches, as if nobody had looked before `at`."""
    cut: list[Span] = []
    for span in spans_:
        if span.start < at:
            cut.append(Span(span.start, min(span.end, at), status.UNKNOWN))
        if span.end > at:
            cut.append(Span(max(span.start, at), span.end, span.status))
    return cut


def without(spans_: Sequence[Span], maintenance: Sequence[Period]) -> list[Span]:
    """The same stretches with `maintenance` cut out of them and put in as MAINTENANCE; both in order, no overlaps."""
    if not maintenance:
        return list(spans_)
    cut: list[Span] = []
    for span in spans_:
        at = span.start
        for period in maintenance:
            start, end = max(period.start, at), min(period.end, span.end)
            if start < end:
                cut += [Span(at, start, span.status)] if at < start else []
                cut.append(Span(start, end, MAINTENANCE))
                at = end
        cut += [Span(at, span.end, span.status)] if at < span.end else []
    return cut


def measure(spans_: Iterable[Span], since: datetime, until: datetime) -> Bucket:
    """The sums over one period of stretches that may reach beyond it."""
    bucket = Bucket(since, until)
    for span in spans_:
        # By hand: two calls of min and max cost more than all the rest.
        start, end = span.start if span.start > since else since, span.end if span.end < until else until
        seconds = (end - start).total_seconds()
        if seconds <= 0:
            continue
        bucket.statuses.add(span.status)
        if span.status == status.DOWN:
            bucket.down_seconds += seconds
        elif span.status == MAINTENANCE:
            bucket.maintenance_seconds += seconds
        elif span.status in OBSERVED:
            bucket.up_seconds += seconds
        else:
            bucket.unknown_seconds += seconds
    return bucket


def bucketed(spans_: Sequence[Span], edges: Sequence[datetime]) -> list[Bucket]:
    """One bucket between each two neighbouring `edges`; both in order of time, in one pass over the stretches."""
    buckets, first = [], 0
    for start, end in pairwise(edges):
        while first < len(spans_) and spans_[first].end <= start:
            first += 1
        last = first
        while last < len(spans_) and spans_[last].start < end:
            last += 1
        buckets.append(measure(spans_[first:last], start, end))
    return buckets


def edges(since: datetime, until: datetime, interval: str) -> list[datetime]:
    """`since`, each hour, day, week (Monday) or month in UTC in between, and `until`."""
    found, at = [since], _next_edge(since, interval)
    while at < until:
        found.append(at)
        at = _next_edge(at, interval)
    return [*found, until]


def _next_edge(after: datetime, interval: str) -> datetime:
    after = after.astimezone(UTC)
    if interval == "hour":
        return after.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    day = after.replace(hour=0, minute=0, second=0, microsecond=0)
    if interval == "day":
        return day + timedelta(days=1)
    if interval == "week":
        return day + timedelta(days=7 - day.weekday())
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def day_edges(today: date, days: int) -> list[datetime]:
    """Midnights (UTC) of the last `days` days up to the end of `today`."""
    last = datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=1)
    return [last - timedelta(days=days - index) for index in range(days + 1)]
