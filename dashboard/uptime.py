"""Uptime as pages show it: headline figures and the days of a bar, from the one history of statuses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.urls import reverse

from dashboard.formats import percent
from dashboard.pictures import SmallBar, small_bar, tone_of
from incidents.models import Incident
from monitors import status
from monitors.figures import history
from monitors.figures.availability import Bucket, measure
from monitors.models import Monitor, Status

_WORST_FIRST = (status.DOWN, status.DEGRADED, status.LATE, status.OK)
UPTIME_PERIODS = (("24 h", 1), ("7 d", 7), ("30 d", 30), ("90 d", 90))


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline figure: uptime of a period and how much of it was observed; `tone` where it is bad now."""

    label: str
    uptime: float | None
    hint: str
    tone: str


def uptime_figures(monitor: Monitor, *, now: datetime) -> list[Figure]:
    """Uptime of 24 hours, 7, 30 and 90 days, from one read of the history."""
    longest = now - timedelta(days=UPTIME_PERIODS[-1][1])
    spans = history.spans_of([monitor.pk], since=longest, until=now)[monitor.pk]
    figures = []
    for label, days in UPTIME_PERIODS:
        since = max(now - timedelta(days=days), monitor.created_at)
        bucket = measure(spans, min(since, now - timedelta(seconds=1)), now)
        watched = bucket.availability is not None
        hint = f"{percent(round(bucket.coverage, 3))} watched" if watched else "Not watched yet"
        is_bad = monitor.state.status == Status.DOWN and days == 1
        figures.append(Figure(f"Uptime, {label}", bucket.availability, hint, "is-down" if is_bad else ""))
    return figures


def monitor_days(monitor: Monitor, *, now: datetime) -> list[dict[str, Any]]:
    """The 90 days of one monitor for its uptime bar; each links to its incidents."""
    buckets = history.uptime_days([monitor.pk], now=now)[monitor.pk]
    counts = incidents_by_day([monitor.pk], since=buckets[0].start)
    return uptime_days(buckets, counts.get(monitor.pk, {}), monitor=monitor)


def incidents_by_day(monitor_ids: Iterable[int], *, since: datetime) -> dict[int, dict[date, int]]:
    """How many incidents began on each day (UTC), by monitor."""
    rows = (
        Incident.objects.filter(monitor__in=list(monitor_ids), started_at__gte=since)
        .annotate(day=TruncDate("started_at", tzinfo=UTC))
        .values_list("monitor_id", "day")
        .annotate(Count("pk"))
    )
    found: dict[int, dict[date, int]] = {}
    for monitor_id, day, count in rows:
        found.setdefault(monitor_id, {})[day] = count
    return found


def uptime_days(
    buckets: Sequence[Bucket], incidents: Mapping[date, int], *, monitor: Monitor | None = None
) -> list[dict[str, Any]]:
    """Buckets as the uptime bar takes them."""
    days = []
    for bucket in buckets:
        day = bucket.start.date()
        entry = {
            "date": day,
            "availability": bucket.availability,
            "coverage": bucket.coverage,
            "incident_count": incidents.get(day, 0),
            "state": _state_of(bucket),
        }
        if monitor is not None:
            entry["href"] = f"{reverse('incidents')}?monitor={monitor.pk}&day={day.isoformat()}"
        days.append(entry)
    return days


def total(buckets: Sequence[Bucket]) -> float | None:
    """The uptime of all buckets together; None when nothing was observed."""
    up = sum(bucket.up_seconds for bucket in buckets)
    observed = up + sum(bucket.down_seconds for bucket in buckets)
    return up / observed if observed else None


def row_bar(buckets: Sequence[Bucket]) -> SmallBar:
    """Buckets as the bar of a row."""
    shares = [bucket.availability for bucket in buckets]
    tones = [tone_of(_state_of(bucket), share) for bucket, share in zip(buckets, shares, strict=True)]
    return small_bar(tones, shares)


def _state_of(bucket: Bucket) -> str:
    for one in _WORST_FIRST:
        if one in bucket.statuses:
            return one
    return status.UNKNOWN
