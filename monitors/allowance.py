"""How many monitors, how often, from how many regions and how far back a workspace's plan allows."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Count

from accounts.actor import SYSTEM
from accounts.models import Workspace
from billing.limits import Limits, PlanLimit, limits_of, must_allow, shown_since
from common.invalid import FieldError
from monitors.locking import hold_monitors
from monitors.models import Monitor, Region
from monitors.pausing import act_on_all
from monitors.status import Act

BEYOND_PLAN = "Paused: the plan {plan} watches {most} monitors"


def must_have_room(workspace: Workspace) -> None:
    """Raises PlanLimit when the plan has no room for another monitor; two that ask at once wait for each other."""
    if limits_of(workspace).monitors is None:
        return
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
    must_allow(workspace, "monitors", Monitor.objects.in_workspace(workspace).count())


def must_have_room_to_resume(monitor: Monitor) -> None:
    """Raises PlanLimit when as many monitors as the plan has are watched already."""
    limits = limits_of(monitor.workspace)
    if limits.monitors is None or not monitor.is_paused:
        return
    watched = Monitor.objects.in_workspace(monitor.workspace).filter(is_paused=False).count()
    if watched >= limits.monitors:
        raise PlanLimit(f"The plan {limits.plan} watches {limits.monitors} monitors: pause another one first.")


def must_allow_regions(limits: Limits, chosen: Collection[Region], monitor: Monitor | None) -> None:
    """Raises PlanLimit for more regions than the plan has, unless the monitor has all of them already."""
    if limits.regions is None or len(chosen) <= limits.regions:
        return
    had = set(monitor.region_states.values_list("region", flat=True)) if monitor else set()
    if not {region.pk for region in chosen} <= had:
        raise PlanLimit(
            f"The plan {limits.plan} watches each monitor from {limits.regions} regions and this names {len(chosen)}: "
            "choose fewer, or a larger plan."
        )


def naming_plan(errors: Iterable[FieldError], limits: Limits) -> list[FieldError]:
    """The errors, that of the interval with the plan that sets its floor."""
    said = f" The plan {limits.plan} checks every {limits.min_interval_seconds} s at most."
    return [
        FieldError(one.pointer, one.code, one.detail + said)
        if one.pointer == "/intervalSeconds" and limits.min_interval_seconds > 10
        else one
        for one in errors
    ]


def shown_from(monitors: Iterable[int], *, now: datetime) -> dict[int, datetime]:
    """Since when their plans show what was seen, by monitor; one whose plan shows all that is kept is left out."""
    if not settings.BILLING_ENABLED:
        return {}
    owners = dict(Monitor.objects.filter(pk__in=monitors).values_list("pk", "workspace"))
    workspaces = Workspace.objects.in_bulk(set(owners.values()))
    since = {pk: shown_since(workspace, now=now) for pk, workspace in workspaces.items()}
    return {pk: at for pk, owner in owners.items() if (at := since[owner]) is not None}


def pause_beyond_plans(*, now: datetime) -> int:
    """Pauses the newest monitors that plans do not cover (any more); returns how many. Nothing is deleted."""
    watched = Monitor.objects.filter(is_paused=False).values("workspace").annotate(count=Count("pk")).order_by()
    counts = {row["workspace"]: row["count"] for row in watched}
    paused = 0
    for workspace in Workspace.objects.filter(pk__in=counts):
        limits = limits_of(workspace, now=now)
        if limits.monitors is not None and counts[workspace.pk] > limits.monitors:
            paused += _pause_newest(workspace, limits, now)
    return paused


def _pause_newest(workspace: Workspace, limits: Limits, now: datetime) -> int:
    running = Monitor.objects.in_workspace(workspace).filter(is_paused=False).order_by("created_at", "pk")
    reason = BEYOND_PLAN.format(plan=limits.plan, most=limits.monitors)
    newest = list(running.values_list("pk", flat=True)[limits.monitors :])
    with transaction.atomic():
        held = hold_monitors(newest)
        return len(act_on_all(held, Act.PAUSE, by=SYSTEM, now=now, reasons=dict.fromkeys(newest, reason)))
