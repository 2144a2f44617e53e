"""Writes of deployments by people and pipelines: planning, editing, ending, removing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from accounts.models import Workspace
from common.invalid import Conflict, FieldError, Invalid
from monitors.models import Deployment, DeploymentState, Monitor, ServiceGroup
from monitors.planned.fields import (
    DEPLOYMENT_DEFAULTS,
    find_group,
    find_monitors,
    nothing_covered,
    pointer,
    wrong_deployment,
)
from monitors.planned.moving import end_all, start_all

_PLAIN = ("name", "release", "author", "link", "scheduled_start_at", "scheduled_end_at", "auto_pause")
# What a deployment has acted on when it starts, and what says when.
_FIXED_BY_START = ("scheduled_start_at", "auto_pause", "monitor_ids", "service_group_id")


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
        end_all([deployment], now=now)
    return deployment


@transaction.atomic
def delete_deployment(*, deployment: Deployment, by: Actor, now: datetime) -> None:
    """Removes it; one that is under way ends first. Raises Conflict when it is gone."""
    deployment = _hold(deployment)
    if deployment.state == DeploymentState.ACTIVE:
        end_all([deployment], now=now)
    audit.record(by=by, workspace=deployment.workspace, verb="delete", target=deployment)
    deployment.delete()


def _start_if_due(deployment: Deployment, *, by: Actor, now: datetime) -> Deployment:
    start = deployment.scheduled_start_at
    if deployment.state == DeploymentState.SCHEDULED and (start is None or start <= now):
        start_all([deployment], by=by, now=now)
    return deployment


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
