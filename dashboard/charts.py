"""The data of the charts: phases of a check stacked, durations of runs, the last hour of a list's rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg

from common.epoch import WholeSeconds
from dashboard.planned import planned_marks
from incidents.models import Incident
from monitors.models import Monitor, Result
from signals.models import Heartbeat, Signal

PHASES = (
    ("DNS", "dns_ms"),
    ("Connect", "connect_ms"),
    ("TLS", "tls_ms"),
    ("First byte", "first_byte_ms"),
    ("Transfer", "transfer_ms"),
)
SPARK_WINDOW = timedelta(hours=1)
SPARK_POINTS = 30
SPARK_SECONDS = int(SPARK_WINDOW.total_seconds()) // SPARK_POINTS
RUNS = 60
GAP_INTERVALS = 3  # one check that was skipped or is late draws no gap


def latency_chart(
    results: Sequence[Result], monitor: Monitor, incidents: Iterable[Incident], planned: Iterable[dict[str, Any]] = ()
) -> dict[str, Any]:
    """Phases stacked, incidents and planned work as marks; `results` newest first.

    A failed check is a gap, and so is the time in which nobody was looking.
    """
    points = _points(results, monitor.interval_seconds)
    phases = [(label, name) for label, name in PHASES if any(getattr(one, name) for one in results)]
    chart: dict[str, Any] = {
        "times": [at for at, _ in points],
        "unit": "ms",
        "series": [{"label": label, "values": [_phase(one, name) for _, one in points]} for label, name in phases],
        "marks": [
            *({"at": int(one.started_at.timestamp()), "label": one.title, "kind": "incident"} for one in incidents),
            *planned,
        ],
    }
    if monitor.latency_threshold_ms:
        chart["threshold"] = monitor.latency_threshold_ms
    return chart


def run_chart(heartbeat: Heartbeat) -> dict[str, Any] | None:
    """How long the last runs took, from start to end; None with fewer than two."""
    found = Signal.objects.filter(heartbeat=heartbeat, duration_ms__isnull=False).order_by("-created_at", "-id")
    runs = list(found.values_list("created_at", "duration_ms")[:RUNS])[::-1]
    if len(runs) < 2:
        return None
    values = [duration for _, duration in runs]
    chart: dict[str, Any] = {
        "times": [int(at.timestamp()) for at, _ in runs],
        "unit": "ms",
        "series": [{"label": "Run", "values": values}],
        "marks": planned_marks(heartbeat.monitor, since=runs[0][0], until=runs[-1][0]),
    }
    if heartbeat.max_runtime_seconds:
        chart |= {"threshold": heartbeat.max_runtime_seconds * 1000, "threshold_label": "Longest run allowed"}
    return chart


def sparks(monitor_ids: Sequence[int], *, now: datetime) -> dict[int, list[float | None]]:
    """The last hour of each monitor as 30 mean latencies, oldest first; None where nothing answered."""
    since = now - SPARK_WINDOW
    good = Result.objects.filter(monitor__in=monitor_ids, scheduled_at__gt=since, ok=True, latency_ms__isnull=False)
    slot = (WholeSeconds("scheduled_at") - int(since.timestamp())) / SPARK_SECONDS
    drawn: dict[int, list[float | None]] = {}
    for monitor_id, place, mean in good.order_by().values_list("monitor_id", slot).annotate(Avg("latency_ms")):
        points = drawn.setdefault(monitor_id, [None] * SPARK_POINTS)
        points[min(place, SPARK_POINTS - 1)] = mean
    return drawn


def percentile(values: Iterable[float | None], share: float) -> float | None:
    """Nearest-rank percentile of what is known."""
    known = sorted(value for value in values if value is not None)
    return known[min(len(known) - 1, int(share * len(known)))] if known else None


def _points(results: Sequence[Result], interval_seconds: int | None) -> list[tuple[int, Result | None]]:
    """Each result with its time, oldest first; one without a result where more than two checks in a row are missing."""
    points: list[tuple[int, Result | None]] = []
    for result in reversed(results):
        at = int(result.scheduled_at.timestamp())
        if points and interval_seconds and at - points[-1][0] > GAP_INTERVALS * interval_seconds:
            points.append((points[-1][0] + interval_seconds, None))
        points.append((at, result))
    return points


def _phase(result: Result | None, name: str) -> float | None:
    if result is None or not result.ok:
        return None
    value: float | None = getattr(result, name)
    return round(value or 0.0, 1)
