"""What pages show: reads that combine several apps, each in a constant number of queries."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, IntegerField, QuerySet, Value, When

from accounts.models import Workspace
from dashboard.charts import sparks
from dashboard.menus import Item, monitor_menu
from dashboard.pictures import SmallBar
from dashboard.uptime import row_bar, total
from incidents.models import Incident, State
from monitors.figures import history
from monitors.models import Monitor, MonitorState, RegionState, Status, StatusChange

TROUBLE = (Status.DOWN, Status.LATE, Status.DEGRADED, Status.UNKNOWN)
LIST_DAYS = 30
MOST_CHANGED = 100
_SHOWN = ("name", "type", "target", "is_paused", "tags", "state__status")
_SHOWN_OF_HEARTBEATS = ("heartbeat__schedule", "heartbeat__state__last_ping_at", "heartbeat__state__next_due_at")


@dataclass(frozen=True, slots=True)
class MonitorRow:
    """A line of a list: the monitor, its days, its uptime of the same days, its last hour."""

    monitor: Monitor
    bar: SmallBar
    uptime: float | None
    spark: list[float | None]
    latency_ms: float | None
    last_seen_at: datetime | None
    menu: list[Item]


def monitors(workspace: Workspace, *, heartbeats: bool) -> QuerySet[Monitor]:
    """Probed monitors or heartbeats with what a list needs: those in trouble first, then by name."""
    found = _listed(workspace, heartbeats)
    related = ("state", "heartbeat__state") if heartbeats else ("state",)
    shown = [*_SHOWN, *(_SHOWN_OF_HEARTBEATS if heartbeats else ())]
    found = found.select_related(*related).only(*shown)
    ranks = [When(state__status=status, then=Value(rank)) for rank, status in enumerate(TROUBLE)]
    rank = Case(*ranks, default=Value(len(TROUBLE)), output_field=IntegerField())
    return found.annotate(rank=rank).order_by("rank", "name", "pk")


def status_counts(workspace: Workspace) -> dict[str, int]:
    """How many monitors are in each status."""
    found = Monitor.objects.in_workspace(workspace)
    return dict(found.order_by().values_list("state__status").annotate(Count("pk")))


def counts_and_tags(workspace: Workspace, *, heartbeats: bool) -> tuple[dict[str, int], list[str]]:
    """Of one of the two lists: how many are in each status, and every tag in use by name; the table is read once."""
    counts: Counter[str] = Counter()
    tags: set[str] = set()
    # Many monitors have few combinations of tags.
    rows = _listed(workspace, heartbeats).order_by().values_list("state__status", "tags").annotate(Count("pk"))
    for status, names, count in rows:
        counts[status] += count
        tags.update(names)
    return dict(counts), sorted(tags)


def _listed(workspace: Workspace, heartbeats: bool) -> QuerySet[Monitor]:
    found = Monitor.objects.in_workspace(workspace)
    return found.filter(type="heartbeat") if heartbeats else found.exclude(type="heartbeat")


def monitor_rows(monitors_: Sequence[Monitor], *, now: datetime, heartbeats: bool) -> list[MonitorRow]:
    """A row for each monitor, in the given order."""
    ids = [monitor.pk for monitor in monitors_]
    buckets = history.uptime_days(ids, now=now, days=LIST_DAYS)
    last = {} if heartbeats else _last_checks(ids)
    drawn = {} if heartbeats else sparks(ids, now=now)
    return [
        MonitorRow(
            monitor,
            row_bar(buckets[monitor.pk]),
            total(buckets[monitor.pk]),
            drawn.get(monitor.pk, []),
            *(_last_ping(monitor) if heartbeats else last.get(monitor.pk, (None, None))),
            monitor_menu(monitor),
        )
        for monitor in monitors_
    ]


def status_history(monitor: Monitor, *, most: int) -> QuerySet[StatusChange]:
    """Its last changes of status, newest first."""
    return StatusChange.objects.filter(monitor=monitor).order_by("-at", "-pk")[:most]


def latest_changes(workspace: Workspace, *, most: int) -> list[StatusChange]:
    """The last changes of status of all its monitors, newest first, with their monitors.

    They are changes of the monitors that changed last, and none is older than the last change of the last of these: so
    the number of monitors counts, not the length of their history.
    """
    changed = MonitorState.objects.in_workspace(workspace).exclude(status=Status.NEW).order_by("-status_since")
    # More than `most`, for one that was made paused is among them and has not changed.
    newest = list(changed.values_list("pk", "status_since")[:MOST_CHANGED])
    found = StatusChange.objects.filter(monitor__in=[pk for pk, _ in newest])
    if len(newest) == MOST_CHANGED:
        found = found.filter(at__gte=newest[-1][1])
    return list(found.select_related("monitor").defer("monitor__settings").order_by("-at", "-pk")[:most])


def open_incident_count(workspace: Workspace) -> int:
    """For the rail's badge."""
    return Incident.objects.in_workspace(workspace).exclude(state=State.RESOLVED).count()


def _last_checks(ids: Sequence[int]) -> dict[int, tuple[float | None, datetime | None]]:
    """Latency and time of the last check of each monitor that was checked."""
    states = RegionState.objects.filter(monitor__in=ids, last_checked_at__isnull=False).order_by("last_checked_at")
    rows = states.values_list("monitor_id", "last_latency_ms", "last_checked_at")
    return {monitor_id: (latency_ms, at) for monitor_id, latency_ms, at in rows}


def _last_ping(monitor: Monitor) -> tuple[None, datetime | None]:
    return None, monitor.heartbeat.state.last_ping_at
