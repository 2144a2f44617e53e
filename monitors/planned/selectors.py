"""Reads of planned work: what holds a monitor's incidents and alerts back, and which time was maintenance."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from accounts.models import Workspace
from monitors.models import CoveredMonitor, Deployment, DeploymentState, MaintenanceWindow, Monitor
from monitors.planned.windows import Period, merged, opening_at, openings


def held_back(monitor: Monitor, now: datetime) -> str | None:
    """What keeps incidents of this monitor from opening at `now`, in words, or None. See `all_held_back`."""
    return all_held_back([monitor.pk], now).get(monitor.pk)


def all_held_back(monitor_ids: Iterable[int], now: datetime) -> dict[int, str]:
    """What keeps incidents of each monitor from opening at `now`, in words, in a few queries for all.

    A deployment that ends does so under the lock of the monitor's state: ask under it, and each change of status is
    seen either by this answer or by what the end releases.
    """
    ids = list(monitor_ids)
    covered = CoveredMonitor.objects.filter(deployment__state=DeploymentState.ACTIVE, monitor__in=ids)
    # The first deployment is the last to be written.
    rows = covered.select_related("deployment").order_by("-deployment_id")
    deployed = {row.monitor_id: f"deployment {row.deployment}" for row in rows}
    return _window_words(ids, now, MaintenanceWindow.objects.filter(suppress_incidents=True)) | deployed


def all_alerts_held(monitor_ids: Iterable[int], now: datetime) -> dict[int, str]:
    """What keeps alerts about each monitor from being planned at `now`, in words, in a few queries for all."""
    return _window_words(list(monitor_ids), now, MaintenanceWindow.objects.filter(suppress_alerts=True))


def maintenance_of(monitor_ids: Iterable[int], *, since: datetime, until: datetime) -> dict[int, list[Period]]:
    """The maintenance time of each monitor that has any in [since, until), in order, in three queries for all.

    As the windows stand now: editing one moves what was maintenance in the past too.
    """
    ids = list(monitor_ids)
    windows = MaintenanceWindow.objects.filter(starts_at__lt=until).filter(Q(ends_at__gt=since) | ~Q(rrule=""))
    covered = _covered_ids(windows, ids)
    if not covered:
        return {}
    found: dict[int, list[Period]] = {}
    for window in windows.filter(pk__in=covered):
        periods = openings(window.plan, since=since, until=until)
        for monitor_id in covered[window.pk]:
            found.setdefault(monitor_id, []).extend(periods)
    return {pk: merged(periods) for pk, periods in found.items() if periods}


def open_windows(monitor: Monitor, now: datetime) -> list[tuple[MaintenanceWindow, Period]]:
    """The windows that cover the monitor and are open at `now`, with their openings."""
    found = [(window, opening_at(window.plan, now)) for window in covering_windows(monitor)]
    return [(window, period) for window, period in found if period is not None]


def covering_windows(monitor: Monitor) -> QuerySet[MaintenanceWindow]:
    """The windows that cover the monitor itself or its service group."""
    return MaintenanceWindow.objects.filter(_covers(monitor)).order_by("pk").distinct()


def windows_between(monitor: Monitor, *, since: datetime, until: datetime) -> list[tuple[MaintenanceWindow, Period]]:
    """Every opening of a window over the monitor that touches [since, until)."""
    return [
        (window, period)
        for window in covering_windows(monitor)
        for period in openings(window.plan, since=since, until=until)
    ]


def deployments(workspace: Workspace) -> QuerySet[Deployment]:
    """All deployments of a workspace, newest first."""
    return Deployment.objects.in_workspace(workspace).select_related("service_group").order_by("-created_at", "-pk")


def windows(workspace: Workspace) -> QuerySet[MaintenanceWindow]:
    """All maintenance windows of a workspace."""
    return MaintenanceWindow.objects.in_workspace(workspace).select_related("service_group").order_by("starts_at", "pk")


def active_deployments(monitor: Monitor) -> QuerySet[Deployment]:
    """The deployments that are under way over this monitor."""
    return Deployment.objects.filter(state=DeploymentState.ACTIVE, covered__monitor=monitor.pk).order_by("pk")


def deployments_between(monitor: Monitor, *, since: datetime, until: datetime) -> QuerySet[Deployment]:
    """Deployments over the monitor that started or ended in [since, until), oldest first."""
    moved = Q(started_at__gte=since, started_at__lt=until) | Q(ended_at__gte=since, ended_at__lt=until)
    return Deployment.objects.filter(moved, covered__monitor=monitor.pk).order_by("started_at", "pk")


def _covers(monitor: Monitor) -> Q:
    named = Q(monitors=monitor.pk)
    return named if monitor.service_group_id is None else named | Q(service_group=monitor.service_group_id)


def _window_words(monitor_ids: list[int], now: datetime, among: QuerySet[MaintenanceWindow]) -> dict[int, str]:
    # A repeated window began before `now`; a wall clock that is set back moves a later opening by hours at most.
    begun = among.filter(Q(ends_at__gt=now) | ~Q(rrule=""), starts_at__lte=now + timedelta(days=1))
    covered = _covered_ids(begun, monitor_ids)
    if not covered:
        return {}
    found: dict[int, str] = {}
    for window in begun.filter(pk__in=covered).order_by("-pk"):
        if opening_at(window.plan, now) is not None:
            found |= dict.fromkeys(covered[window.pk], f"maintenance window {window}")
    return found


def _covered_ids(windows: QuerySet[MaintenanceWindow], monitor_ids: list[int]) -> dict[int, set[int]]:
    """Which of the monitors each window covers, by name or by group."""
    covered: dict[int, set[int]] = {}
    named = windows.filter(monitors__in=monitor_ids).values_list("pk", "monitors")
    grouped = windows.filter(service_group__monitors__in=monitor_ids).values_list("pk", "service_group__monitors")
    for window_id, monitor_id in named.union(grouped):
        covered.setdefault(window_id, set()).add(monitor_id)
    return covered
