"""How long a monitor's good checks took; every surface that shows a latency of a period calls this one function."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from monitors.figures import availability
from monitors.models import Monitor, Region
from monitors.rollups import summaries
from monitors.rollups.reading import summaries_of
from monitors.rollups.summaries import Summary

# p50, p75, p90, p95, p99, each within 1 %.
SHARES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class LatencyBucket:
    """One part [start, end) of the period."""

    start: datetime
    end: datetime
    summary: Summary


@dataclass(frozen=True, slots=True)
class Latency:
    """The period as a whole, by region (of the region's id) and by buckets."""

    total: Summary
    regions: Mapping[int, Summary]
    buckets: list[LatencyBucket]


def latency(
    monitor: Monitor,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    region: Region | None = None,
    interval: str = "day",
) -> Latency:
    """What the good checks of [since, until) took, in buckets of an hour, day, week or month (UTC)."""
    edges = availability.edges(since, until, interval)
    found = summaries_of(monitor, edges, interval=interval, now=now, region=region)
    regions: dict[int, Summary] = {}
    for bucket in found:
        for region_id, summary in bucket.items():
            regions.setdefault(region_id, Summary()).merge(summary)
    buckets = [
        LatencyBucket(start, end, summaries.merged(bucket.values()))
        for (start, end), bucket in zip(pairwise(edges), found, strict=True)
    ]
    return Latency(summaries.merged(regions.values()), regions, buckets)
