"""Planned work as pages show it: marks on charts, what is under way over a monitor, a window's row."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Workspace
from monitors import planned
from monitors.models import MaintenanceWindow, Monitor
from monitors.windows import Period, next_opening

MOST_OFFERED = 500


@dataclass(frozen=True, slots=True)
class WindowRow:
    """A line of the list: the window and the opening that is not over yet, if there is one."""

    window: MaintenanceWindow
    coming: Period | None
    is_open: bool


def planned_marks(monitor: Monitor, *, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Starts and ends of deployments and windows over the monitor, for its charts."""
    marks = []
    for deployment in planned.deployments_between(monitor, since=since, until=until):
        marks.append((deployment.started_at, f"Deployment {deployment} begins"))
        marks.append((deployment.ended_at, f"Deployment {deployment} ends"))
    for window, period in planned.windows_between(monitor, since=since, until=until):
        marks.append((period.start, f"Maintenance {window} begins"))
        marks.append((period.end, f"Maintenance {window} ends"))
    return [
        {"at": int(at.timestamp()), "label": label, "kind": "deployment"}
        for at, label in marks
        if at is not None and since <= at < until
    ]


def under_way(monitor: Monitor, *, now: datetime) -> list[dict[str, Any]]:
    """The deployments and windows that are on at `now`: {title, until}."""
    active = planned.active_deployments(monitor)
    shown: list[dict[str, Any]] = [
        {"title": f"Deployment {one} is under way", "until": one.scheduled_end_at} for one in active
    ]
    for window, period in planned.open_windows(monitor, now):
        shown.append({"title": f"In maintenance: {window}", "until": period.end})
    return shown


def window_rows(windows: Iterable[MaintenanceWindow], *, now: datetime) -> list[WindowRow]:
    """Those that are open or coming first, by time; then those that are over."""
    rows = []
    for window in windows:
        coming = next_opening(window.plan, now)
        rows.append(WindowRow(window, coming, coming is not None and coming.start <= now))
    return sorted(rows, key=lambda row: (row.coming is None, row.coming.start if row.coming else row.window.starts_at))


def offered_monitors(workspace: Workspace, chosen: Iterable[int]) -> QuerySet[Monitor]:
    """Monitors to choose from by name, at most 500, and those chosen already."""
    found = Monitor.objects.in_workspace(workspace)
    first = list(found.order_by("name", "pk").values_list("pk", flat=True)[:MOST_OFFERED])
    return found.filter(Q(pk__in=first) | Q(pk__in=list(chosen))).only("pk", "name").order_by("name", "pk")
