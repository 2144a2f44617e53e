"""Writes of deployments: planning, starting, ending.

Locks: the deployment, then the monitors it covers by id, each as `locking.py` says. Two that end at once each mark
themselves ended before they take a monitor, so the later one at a monitor sees that it is the last.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import audit
from accounts.actor import SYSTEM, Actor
from accounts.models import Workspace
from common.invalid import Conflict, FieldError, Invalid
from monitors import events
from monitors.locking import hold_monitor
from monitors.models import CoveredMonitor, Deployment, DeploymentState, Monitor, MonitorState, ServiceGroup, Status
from monitors.pausing import act
from monitors.planned_fields import (
    DEPLOYMENT_DEFAULTS,
    find_group,
    find_monitors,
    nothing_covered,
    pointer,
    wrong_deployment,
)
from monitors.status import Act

log = logging.getLogger(__name__)
_PLAIN = ("name", "release", "author", "link", "scheduled_start_at", "scheduled_end_at", "auto_pause")
# What a deployment has acted on when it starts, and what says when.
_FIXED_BY_START = ("scheduled_start_at", "auto_pause", "monitor_ids", "service_group_id")
MOST_A_TICK = 100
Held = tuple[Monitor, MonitorState]


@transaction.atomic
def create_deployment(*, workspace: Workspace, by: Actor, now: datetime, fields: Mapping[str, Any]) -> Deployment:
    """A deployment, started at once unless it is scheduled for later. Raises Invalid naming every wrong field."""
    wanted = {"name": None, **DEPLOYMENT_DEFAULTS, **fields}
    monitors, group = _checked(workspace, wanted, started_at=None, now=now)
    deployment = Deployment(workspace=workspace, service_group=group)
    _fill(deployment, wanted)
    deployment.save()
    deployment.monitors.set(monitors)
    audit.record(by=by, workspace=workspace, verb="create", target=deployment)
    return _start_if_due(deployment, by=by, now=now)


@transaction.atomic
def edit_deployment(*, deployment: Deployment, by: Actor, now: datetime, fields: Mapping[str, Any]) -> Deployment:
    """Changes what `fields` names. Raises Invalid: what it covers is fixed at its start, its times at its end."""
    deployment = _hold(deployment)
    before = _fields_of(deployment)
    wanted = before | dict(fields)
    _refuse_fixed(deployment, before, wanted)
    monitors, group = _checked(deployment.workspace, wanted, started_at=deployment.started_at, now=now, before=before)
    changes = {name: [_told(before[name]), _told(wanted[name])] for name in before if before[name] != wanted[name]}
    _fill(deployment, wanted)
    deployment.service_group = group
    deployment.version += 1
    deployment.save()
    if deployment.state == DeploymentState.SCHEDULED:
        deployment.monitors.set(monitors)
    audit.record(by=by, workspace=deployment.workspace, verb="edit", target=deployment, changes=changes)
    return _start_if_due(deployment, by=by, now=now)


@transaction.atomic
def end_deployment(*, deployment: Deployment, by: Actor, now: datetime) -> Deployment:
    """Ends it: what it paused is watched again, what it held back and still fails opens. Twice changes nothing.

    One that has not started ends without ever starting. Raises Conflict when it is gone.
    """
    deployment = _hold(deployment)
    if deployment.state != DeploymentState.ENDED:
        audit.record(by=by, workspace=deployment.workspace, verb="end", target=deployment)
        _end(deployment, now=now)
    return deployment


@transaction.atomic
def delete_deployment(*, deployment: Deployment, by: Actor, now: datetime) -> None:
    """Removes it; one that is under way ends first. Raises Conflict when it is gone."""
    deployment = _hold(deployment)
    if deployment.state == DeploymentState.ACTIVE:
        _end(deployment, now=now)
    audit.record(by=by, workspace=deployment.workspace, verb="delete", target=deployment)
    deployment.delete()


def move_deployments(*, now: datetime) -> int:
    """Starts and ends what is scheduled up to `now`; returns how many. One that fails holds back no other."""
    open_ones = Deployment.objects.exclude(state=DeploymentState.ENDED).order_by("pk")
    ending = open_ones.filter(state=DeploymentState.ACTIVE, scheduled_end_at__lte=now)
    starting = open_ones.filter(state=DeploymentState.SCHEDULED, scheduled_start_at__lte=now)
    return _each(ending, _end_due, now) + _each(starting, _start_due, now)


def _each(due: QuerySet[Deployment], move: Callable[[int, datetime], bool], now: datetime) -> int:
    moved = 0
    for pk in list(due.values_list("pk", flat=True)[:MOST_A_TICK]):
        try:
            moved += move(pk, now)
        except Exception:
            log.exception("deployment %d could not be moved on", pk)
    return moved


@transaction.atomic
def _start_due(pk: int, now: datetime) -> bool:
    found = _free(pk).filter(state=DeploymentState.SCHEDULED, scheduled_start_at__lte=now).first()
    if found is None:
        return False
    if found.scheduled_end_at is not None and found.scheduled_end_at <= now:
        _end(found, now=now)  # Nobody was there to start it in time.
    else:
        _start(found, by=SYSTEM, now=now)
    return True


@transaction.atomic
def _end_due(pk: int, now: datetime) -> bool:
    found = _free(pk).filter(state=DeploymentState.ACTIVE, scheduled_end_at__lte=now).first()
    if found is not None:
        _end(found, now=now)
    return found is not None


def _free(pk: int) -> QuerySet[Deployment]:
    rows = Deployment.objects.filter(pk=pk).select_related("workspace")
    return rows.select_for_update(of=("self",), skip_locked=True)


def _start_if_due(deployment: Deployment, *, by: Actor, now: datetime) -> Deployment:
    start = deployment.scheduled_start_at
    if deployment.state == DeploymentState.SCHEDULED and (start is None or start <= now):
        _start(deployment, by=by, now=now)
    return deployment


def _start(deployment: Deployment, *, by: Actor, now: datetime) -> None:
    deployment.state, deployment.started_at = DeploymentState.ACTIVE, now
    deployment.version += 1
    deployment.save()
    covered = Q(pk__in=deployment.monitors.values("pk"))
    if deployment.service_group_id is not None:
        covered |= Q(service_group=deployment.service_group_id)
    monitors = Monitor.objects.in_workspace(deployment.workspace).filter(covered)
    held = _hold_all(list(monitors.order_by("pk").values_list("pk", flat=True)))
    rows = [CoveredMonitor(deployment=deployment, monitor=one) for one, _ in held]
    CoveredMonitor.objects.bulk_create(rows)
    if deployment.auto_pause:
        for monitor, state in held:
            _pause(deployment, monitor, state, by=by, now=now)
    events.deployment_started.send(sender=Deployment, deployment=deployment, monitors=[one for one, _ in held], now=now)


def _pause(deployment: Deployment, monitor: Monitor, state: MonitorState, *, by: Actor, now: datetime) -> None:
    """Pauses a watched monitor, or shares the pause of another deployment; one paused by hand is left alone."""
    if state.status == Status.PAUSED and not _paused_by_others(monitor, deployment):
        return
    act(monitor, state, Act.PAUSE, by=by, now=now, reason=f"Paused for the deployment {deployment}")
    deployment.covered.filter(monitor=monitor).update(is_auto_paused=True)


def _paused_by_others(monitor: Monitor, deployment: Deployment) -> bool:
    others = CoveredMonitor.objects.filter(monitor=monitor, is_auto_paused=True).exclude(deployment=deployment)
    return others.filter(deployment__state=DeploymentState.ACTIVE).exists()


def _end(deployment: Deployment, *, now: datetime) -> None:
    was_active = deployment.state == DeploymentState.ACTIVE
    deployment.state, deployment.ended_at = DeploymentState.ENDED, now
    deployment.version += 1
    deployment.save()
    if not was_active:
        return
    held = _hold_all(list(deployment.covered.order_by("monitor_id").values_list("monitor_id", flat=True)))
    # Read under the locks: a person may have paused one by hand until now.
    auto_paused = set(deployment.covered.filter(is_auto_paused=True).values_list("monitor_id", flat=True))
    for monitor, state in held:
        if monitor.pk in auto_paused and not _paused_by_others(monitor, deployment):
            reason = f"Resumed after the deployment {deployment}"
            act(monitor, state, Act.RESUME, by=SYSTEM, now=now, reason=reason)
    events.deployment_ended.send(sender=Deployment, deployment=deployment, monitors=[one for one, _ in held], now=now)


def _hold_all(monitor_ids: Sequence[int]) -> list[Held]:
    """The monitors that are still there, locked in order of id."""
    held = []
    for pk in monitor_ids:
        try:
            monitor, state = hold_monitor(pk)
        except Conflict:
            continue
        monitor.state = state
        held.append((monitor, state))
    return held


def _hold(deployment: Deployment) -> Deployment:
    rows = Deployment.objects.select_for_update(of=("self",)).select_related("workspace")
    found = rows.filter(pk=deployment.pk).first()
    if found is None:
        raise Conflict("The deployment has been deleted.")
    return found


def _checked(
    workspace: Workspace,
    wanted: Mapping[str, Any],
    *,
    started_at: datetime | None,
    now: datetime,
    before: Mapping[str, Any] | None = None,
) -> tuple[list[Monitor], ServiceGroup | None]:
    errors = wrong_deployment(wanted, started_at=started_at, now=now)
    if before is not None:
        # What was right once is not wrong because time has passed.
        kept = {pointer(name) for name in before if before[name] == wanted[name]}
        errors = [error for error in errors if error.pointer not in kept]
    monitors = find_monitors(workspace, wanted["monitor_ids"], errors)
    group = find_group(workspace, wanted["service_group_id"], errors)
    if started_at is None and not wanted["monitor_ids"] and wanted["service_group_id"] is None:
        errors.append(nothing_covered())
    if errors:
        raise Invalid(errors)
    return monitors, group


def _refuse_fixed(deployment: Deployment, before: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    fixed: tuple[str, ...] = ()
    if deployment.state != DeploymentState.SCHEDULED:
        fixed = _FIXED_BY_START
    if deployment.state == DeploymentState.ENDED:
        fixed += ("scheduled_end_at",)
    changed = [name for name in fixed if before[name] != wanted[name]]
    if changed:
        when = "ended" if deployment.state == DeploymentState.ENDED else "started"
        raise Invalid([FieldError(pointer(name), "immutable", f"The deployment has {when}.") for name in changed])


def _fields_of(deployment: Deployment) -> dict[str, Any]:
    plain = {name: getattr(deployment, name) for name in _PLAIN}
    ids = sorted(deployment.monitors.values_list("pk", flat=True))
    return plain | {"monitor_ids": ids, "service_group_id": deployment.service_group_id}


def _fill(deployment: Deployment, wanted: Mapping[str, Any]) -> None:
    for name in _PLAIN:
        value = wanted[name]
        setattr(deployment, name, value.strip() if isinstance(value, str) else value)


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
