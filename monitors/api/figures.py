"""Availability and latency as the API and reports show them."""

from typing import Any

from common.names import camel
from common.times import rfc3339
from monitors.figures.availability import Bucket
from monitors.figures.history import Availability
from monitors.figures.latency import SHARES, Latency
from monitors.rollups.summaries import Summary


def availability_json(found: Availability) -> dict[str, Any]:
    """The period and its buckets."""
    return {
        "startDate": rfc3339(found.total.start),
        "endDate": rfc3339(found.total.end),
        **_figures(found.total),
        "unknownSeconds": round(found.total.unknown_seconds, 3),
        "maintenanceSeconds": round(found.total.maintenance_seconds, 3),
        "incidentCount": len(found.downtimes),
        "mttrSeconds": found.mttr_seconds,
        "mtbfSeconds": found.mtbf_seconds,
        "buckets": [{"start": rfc3339(one.start), **_figures(one)} for one in found.buckets],
    }


def latency_json(found: Latency) -> dict[str, Any]:
    """The period and its buckets, in milliseconds."""
    return {
        "startDate": rfc3339(found.buckets[0].start),
        "endDate": rfc3339(found.buckets[-1].end),
        **summary_json(found.total),
        "buckets": [{"start": rfc3339(one.start), **summary_json(one.summary)} for one in found.buckets],
    }


def summary_json(summary: Summary) -> dict[str, Any]:
    """The latency figures of any stretch, in milliseconds."""
    percentiles = dict(zip(SHARES, map(_rounded, summary.percentiles(*SHARES.values())), strict=True))
    return {
        "count": summary.count,
        "min": _rounded(summary.min_ms),
        "mean": _rounded(summary.mean_ms),
        **percentiles,
        "max": _rounded(summary.max_ms),
        "phases": {camel(name): _rounded(value) for name, value in summary.phases_ms.items()},
    }


def _figures(bucket: Bucket) -> dict[str, Any]:
    return {
        "availability": bucket.availability,
        "coverage": bucket.coverage,
        "downtimeSeconds": round(bucket.down_seconds, 3),
        "checks": bucket.checks,
        "failures": bucket.failures,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
