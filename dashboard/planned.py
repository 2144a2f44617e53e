"""Planned work as pages show it: marks on charts, what is under way over a monitor, a window's row."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Workspace
from monitors.models import MaintenanceWindow, Monitor
from monitors.planned import selectors as planned
from monitors.planned.windows import Period, next_opening

MOST_OFFERED = 500
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class WindowRow:
    """A line of the list: the window and the opening that is not over yet, if there is one."""

    window: MaintenanceWindow
    coming: Period | None
    is_open: bool


def planned_marks(monitor: Monitor, *, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Deployments and windows over the monitor that touch [since, until), cut to it, for its charts."""
    found = [
        (one.started_at, one.ended_at or until, f"Deployment {one}", "deployment")
        for one in planned.deployments_between(monitor, since=since, until=until)
    ]
    found += [
        (period.start, period.end, f"Maintenance {window}", "window")
        for window, period in planned.windows_between(monitor, since=since, until=until)
    ]
    return [
        {
            "at": int(max(start, since).timestamp()),
            "until": int(min(end, until).timestamp()),
            "label": label,
            "kind": kind,
        }
        for start, end, label, kind in found
        if start is not None and start < until and end >= since
    ]


def with_planned(days: list[dict[str, Any]], monitor: Monitor, *, now: datetime) -> list[dict[str, Any]]:
    """The days of an uptime bar, each with what was planned on it."""
    if not days:
        return days
    since = datetime.combine(days[0]["date"], time(), UTC)
    marks = planned_marks(monitor, since=since, until=now)
    for day in days:
        first = datetime.combine(day["date"], time(), UTC).timestamp()
        words = [one["label"] for one in marks if one["at"] < first + _DAY_SECONDS and one["until"] >= first]
        day["planned"] = list(dict.fromkeys(words))
    return days


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
