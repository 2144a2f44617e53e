"""What pages show: reads that combine several apps, each in a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, IntegerField, QuerySet, Value, When

from accounts.models import Workspace
from dashboard.charts import sparks
from dashboard.menus import monitor_menu
from dashboard.uptime import incidents_by_day, total, uptime_days
from incidents.models import Incident, State
from monitors import history
from monitors.models import Monitor, RegionState, Status, StatusChange

TROUBLE = (Status.DOWN, Status.LATE, Status.DEGRADED, Status.UNKNOWN)
LIST_DAYS = 30


@dataclass(frozen=True, slots=True)
class MonitorRow:
    """A line of a list: the monitor, its days (oldest first), its uptime of the same days, its last hour."""

    monitor: Monitor
    days: list[dict[str, Any]]
    uptime: float | None
    spark: list[float | None]
    latency_ms: float | None
    last_seen_at: datetime | None
    menu: list[dict[str, Any]]


def monitors(workspace: Workspace, *, heartbeats: bool) -> QuerySet[Monitor]:
    """Probed monitors or heartbeats with what a list needs: those in trouble first, then by name."""
    found = Monitor.objects.in_workspace(workspace).select_related("state", "heartbeat__state")
    found = found.filter(type="heartbeat") if heartbeats else found.exclude(type="heartbeat")
    ranks = [When(state__status=status, then=Value(rank)) for rank, status in enumerate(TROUBLE)]
    rank = Case(*ranks, default=Value(len(TROUBLE)), output_field=IntegerField())
    return found.annotate(rank=rank).order_by("rank", "name", "pk")


def status_counts(workspace: Workspace, *, heartbeats: bool | None = None) -> dict[str, int]:
    """How many monitors are in each status."""
    found = Monitor.objects.in_workspace(workspace)
    if heartbeats is not None:
        found = found.filter(type="heartbeat") if heartbeats else found.exclude(type="heartbeat")
    return dict(found.order_by().values_list("state__status").annotate(Count("pk")))


def tags(workspace: Workspace, *, heartbeats: bool) -> list[str]:
    """Every tag in use on one of the two lists, by name."""
    found = Monitor.objects.in_workspace(workspace).exclude(tags=[])
    found = found.filter(type="heartbeat") if heartbeats else found.exclude(type="heartbeat")
    # Many monitors have few combinations of tags.
    combinations = found.order_by().values_list("tags", flat=True).distinct()
    return sorted({tag for names in combinations for tag in names})


def monitor_rows(monitors_: Sequence[Monitor], *, now: datetime, heartbeats: bool) -> list[MonitorRow]:
    """A row for each monitor, in the given order."""
    ids = [monitor.pk for monitor in monitors_]
    buckets = history.uptime_days(ids, now=now, days=LIST_DAYS)
    counts = incidents_by_day(ids, since=now - timedelta(days=LIST_DAYS))
    last = {} if heartbeats else _last_checks(ids)
    drawn = {} if heartbeats else sparks(ids, now=now)
    return [
        MonitorRow(
            monitor,
            uptime_days(buckets[monitor.pk], counts.get(monitor.pk, {})),
            total(buckets[monitor.pk]),
            drawn.get(monitor.pk, []),
            last[monitor.pk].last_latency_ms if monitor.pk in last else None,
            _last_seen(monitor, last.get(monitor.pk)),
            monitor_menu(monitor),
        )
        for monitor in monitors_
    ]


def status_history(monitor: Monitor, *, most: int) -> QuerySet[StatusChange]:
    """Its last changes of status, newest first."""
    return StatusChange.objects.filter(monitor=monitor).order_by("-at", "-pk")[:most]


def open_incident_count(workspace: Workspace) -> int:
    """For the rail's badge."""
    return Incident.objects.in_workspace(workspace).exclude(state=State.RESOLVED).count()


def _last_checks(ids: Sequence[int]) -> dict[int, RegionState]:
    states = RegionState.objects.filter(monitor__in=ids, last_checked_at__isnull=False).order_by("last_checked_at")
    return {state.monitor_id: state for state in states}


def _last_seen(monitor: Monitor, check: RegionState | None) -> datetime | None:
    if monitor.type == "heartbeat":
        return monitor.heartbeat.state.last_ping_at
    return check.last_checked_at if check else None
