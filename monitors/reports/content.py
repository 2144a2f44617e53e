"""What a report says: the same figures as the API and the pages, in one object of plain values."""

from datetime import datetime, timedelta
from typing import Any

from common.times import rfc3339
from monitors.api.figures import availability_json, latency_json, summary_json
from monitors.figures.history import availability_of
from monitors.figures.latency import latency
from monitors.models import Monitor, Region

MOST_DOWNTIMES = 200


def content_of(monitor: Monitor, *, since: datetime, until: datetime, now: datetime) -> dict[str, Any]:
    """The report of [since, until) as the API's JSON; `interval` fits the period."""
    interval = interval_for(until - since)
    availability = availability_of(monitor, since=since, until=until, interval=interval, now=now)
    took = latency(monitor, since=since, until=until, interval=interval, now=now)
    regions = Region.objects.filter(pk__in=took.regions).order_by("key")
    return {
        "generatedAt": rfc3339(now),
        "monitor": {"id": monitor.pk, "name": monitor.name, "type": monitor.type, "target": monitor.target},
        "startDate": rfc3339(since),
        "endDate": rfc3339(until),
        "interval": interval,
        "availability": availability_json(availability),
        "latency": latency_json(took),
        "regions": [
            {
                "region": region.key,
                "name": region.name,
                "checks": took.regions[region.pk].checks,
                "failures": took.regions[region.pk].failures,
                **summary_json(took.regions[region.pk]),
            }
            for region in regions
        ],
        "downtimes": [
            {
                "startedAt": rfc3339(span.start),
                "endedAt": None if span.end >= now else rfc3339(span.end),
                "durationSeconds": round(span.seconds, 3),
            }
            for span in availability.downtimes[-MOST_DOWNTIMES:]
        ],
    }


def interval_for(length: timedelta) -> str:
    """Buckets that make a chart of some dozens of points."""
    if length <= timedelta(days=3):
        return "hour"
    if length <= timedelta(days=100):
        return "day"
    return "week" if length <= timedelta(days=400) else "month"
