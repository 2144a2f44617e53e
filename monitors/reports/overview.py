"""What a report over many monitors says: each one's own figures, worst first, and all of them together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nsmallest
from typing import Any

from django.db.models import QuerySet

from common.times import rfc3339
from monitors.figures.availability import Bucket
from monitors.figures.history import Availability, availability_of
from monitors.figures.latency import latency
from monitors.models import Monitor

# Those that did worst are listed; however many more there are, no more is held in memory at once.
MOST_LISTED = 200
_CHUNK = 100
_INTERVAL = "day"


@dataclass(slots=True)
class _Sum:
    """Observed time of several monitors."""

    up_seconds: float = 0.0
    down_seconds: float = 0.0
    wanted_seconds: float = 0.0  # outside maintenance

    def add(self, bucket: Bucket) -> None:
        self.up_seconds += bucket.up_seconds
        self.down_seconds += bucket.down_seconds
        self.wanted_seconds += (bucket.end - bucket.start).total_seconds() - bucket.maintenance_seconds

    @property
    def availability(self) -> float | None:
        """0 to 1, or None when nothing was observed."""
        observed = self.up_seconds + self.down_seconds
        return self.up_seconds / observed if observed > 0 else None

    @property
    def coverage(self) -> float:
        """0 to 1: the share of the time outside maintenance that was observed."""
        observed = self.up_seconds + self.down_seconds
        return min(1.0, observed / self.wanted_seconds) if self.wanted_seconds > 0 else 0.0


@dataclass(slots=True)
class _Overall:
    """What all monitors come to, gathered one after the other."""

    total: _Sum = field(default_factory=_Sum)
    days: dict[datetime, _Sum] = field(default_factory=dict)
    downtimes: int = 0
    checks: int = 0
    failures: int = 0
    monitors: int = 0
    watched: int = 0

    def add(self, seen: Availability) -> None:
        self.total.add(seen.total)
        for bucket in seen.buckets:
            self.days.setdefault(bucket.start, _Sum()).add(bucket)
        self.downtimes += len(seen.downtimes)
        self.checks += seen.total.checks
        self.failures += seen.total.failures
        self.monitors += 1
        self.watched += seen.total.availability is not None

    def shown(self) -> dict[str, Any]:
        return {
            "availability": self.total.availability,
            "coverage": self.total.coverage,
            "downtimeSeconds": round(self.total.down_seconds, 3),
            "incidentCount": self.downtimes,
            "checks": self.checks,
            "failures": self.failures,
        }


def overview_of(
    monitors: QuerySet[Monitor], *, since: datetime, until: datetime, before: datetime, now: datetime
) -> dict[str, Any]:
    """The report of [since, until) over `monitors` as JSON, beside the figures of [before, since).

    Time weighs, as in every availability: that of all is the share of the time in which each was observed. Days of the
    chart are in UTC. Costs some queries a monitor and the memory of `MOST_LISTED` of them.
    """
    overall, earlier = _Overall(), _Overall()
    rows = _rows(monitors, overall, earlier, since=since, until=until, before=before, now=now)
    listed = nsmallest(MOST_LISTED, rows, key=_badness)
    return {
        "generatedAt": rfc3339(now),
        "startDate": rfc3339(since),
        "endDate": rfc3339(until),
        "interval": _INTERVAL,
        "monitorCount": overall.monitors,
        "watchedCount": overall.watched,
        "availability": overall.shown()
        | {
            "buckets": [
                {"start": rfc3339(start), "availability": day.availability}
                for start, day in sorted(overall.days.items())
            ]
        },
        "previous": earlier.shown(),
        "monitors": listed,
        "leftOut": overall.monitors - len(listed),
    }


def _rows(
    monitors: QuerySet[Monitor],
    overall: _Overall,
    earlier: _Overall,
    *,
    since: datetime,
    until: datetime,
    before: datetime,
    now: datetime,
) -> Iterator[dict[str, Any]]:
    for monitor in _each(monitors):
        seen = availability_of(monitor, since=since, until=until, interval=_INTERVAL, now=now)
        overall.add(seen)
        earlier.add(availability_of(monitor, since=before, until=since, interval="month", now=now))
        took = latency(monitor, since=since, until=until, interval=_INTERVAL, now=now).total
        median, p95 = took.percentiles(0.5, 0.95)
        yield {
            "id": monitor.pk,
            "name": monitor.name,
            "type": monitor.type,
            "target": monitor.target,
            "availability": seen.total.availability,
            "coverage": seen.total.coverage,
            "downtimeSeconds": round(seen.total.down_seconds, 3),
            "incidentCount": len(seen.downtimes),
            "checks": seen.total.checks,
            "failures": seen.total.failures,
            "p50": _rounded(median),
            "p95": _rounded(p95),
        }


def _each(monitors: QuerySet[Monitor]) -> Iterable[Monitor]:
    """Some at a time, without a cursor that stays open for minutes."""
    last = 0
    while chunk := list(monitors.filter(pk__gt=last).defer("settings").order_by("pk")[:_CHUNK]):
        yield from chunk
        last = chunk[-1].pk


def _badness(row: dict[str, Any]) -> tuple[bool, float, float, str]:
    """Worst first; what nobody watched comes last."""
    share = row["availability"]
    return (share is None, 1.0 if share is None else share, -row["downtimeSeconds"], row["name"].casefold())


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
