"""A monitor over a day, a week, a month or 13 months: figures, percentile bands, phases, regions, uptime by the day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from monitors.figures.history import availability_of
from monitors.figures.latency import SHARES, Latency, latency
from monitors.models import Monitor, Region
from monitors.rollups.summaries import PHASES, Summary

_BANDS = (("Median", "p50"), ("p95", "p95"), ("p99", "p99"))
_PHASE_LABELS = dict(zip(PHASES, ("DNS", "Connect", "TLS", "First byte", "Transfer"), strict=True))


@dataclass(frozen=True, slots=True)
class Period:
    """One of the periods to choose from; `points` and `rows` are the lengths of a chart's point and a table's row."""

    key: str
    label: str
    length: timedelta
    points: str
    rows: str


PERIODS = {
    one.key: one
    for one in (
        Period("24h", "24 h", timedelta(days=1), "hour", "hour"),
        Period("7d", "7 d", timedelta(days=7), "hour", "day"),
        Period("30d", "30 d", timedelta(days=30), "day", "day"),
        Period("13mo", "13 months", timedelta(days=396), "week", "month"),
    )
}
DEFAULT = "24h"


def trends_of(monitor: Monitor, chosen: str | None, *, now: datetime) -> dict[str, Any]:
    """What the card of trends shows; an unknown period is the day."""
    period = PERIODS.get(chosen or DEFAULT, PERIODS[DEFAULT])
    since = max(now - period.length, monitor.created_at)
    if since >= now:
        since = now - period.length
    took = latency(monitor, since=since, until=now, interval=period.points, now=now)
    seen = availability_of(monitor, since=since, until=now, interval=period.rows, now=now)
    median, p95, p99 = took.total.percentiles(0.5, 0.95, 0.99)
    return {
        "period": period,
        "segments": [_segment(monitor, one, period) for one in PERIODS.values()],
        "has_checks": seen.total.checks > 0,
        "total": seen.total,
        "took": {"mean": took.total.mean_ms, "median": median, "p95": p95, "p99": p99},
        "bands": _bands(monitor, took),
        "phases": _phases(took),
        "regions": _regions(took) if len(took.regions) > 1 else [],
        "rows": list(reversed(seen.buckets)),
    }


def _segment(monitor: Monitor, one: Period, current: Period) -> dict[str, Any]:
    href = f"{reverse('monitor', args=[monitor.pk])}?period={one.key}#trends"
    return {"label": one.label, "href": href, "is_current": one is current}


def _bands(monitor: Monitor, took: Latency) -> dict[str, Any]:
    """Percentiles above each other, for each point the ones of its whole bucket."""
    shares = [SHARES[name] for _, name in _BANDS]
    found = [one.summary.percentiles(*shares) for one in took.buckets]
    series = [
        {"label": label, "values": [_rounded(values[place]) for values in found]}
        for place, (label, _) in enumerate(_BANDS)
    ]
    chart: dict[str, Any] = {"times": _times(took), "unit": "ms", "is_banded": True, "series": series}
    if monitor.latency_threshold_ms:
        chart["threshold"] = monitor.latency_threshold_ms
    return chart


def _phases(took: Latency) -> dict[str, Any]:
    """The mean of each phase, stacked; a phase that never took time is left out."""
    means = [one.summary.phases_ms for one in took.buckets]
    series = [
        {"label": _PHASE_LABELS[name], "values": [_rounded(one[name]) for one in means]}
        for name in PHASES
        if any(one[name] for one in means)
    ]
    return {"times": _times(took), "unit": "ms", "series": series}


def _regions(took: Latency) -> list[dict[str, Any]]:
    """Each region beside the others, the fastest first; `share` of the slowest p95 in percent, for a bar."""
    names = dict(Region.objects.filter(pk__in=took.regions).values_list("pk", "name"))
    rows = [_region(names.get(pk, "–"), summary) for pk, summary in took.regions.items()]
    slowest = max((row["p95"] or 0.0 for row in rows), default=0.0)
    for row in rows:
        row["share"] = round(100 * (row["p95"] or 0.0) / slowest) if slowest else 0
    return sorted(rows, key=lambda row: (row["median"] is None, row["median"]))


def _region(name: str, summary: Summary) -> dict[str, Any]:
    median, p95, p99 = summary.percentiles(0.5, 0.95, 0.99)
    counts = {"checks": summary.checks, "failures": summary.failures}
    return {"name": name, **counts, "median": median, "p95": p95, "p99": p99}


def _times(took: Latency) -> Sequence[int]:
    return [int(one.start.timestamp()) for one in took.buckets]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
