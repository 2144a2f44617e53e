"""Writes of service groups, and the one status that a group shows."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from accounts import audit
from accounts.actor import Actor
from accounts.models import Workspace
from common.bulk import numbers
from common.invalid import Conflict, Invalid
from monitors import status
from monitors.locking import hold_monitors
from monitors.models import Deployment, Monitor, ServiceGroup
from monitors.planned.fields import GROUP_DEFAULTS, find_monitors, wrong_texts

# Worst first. What nobody watches says less than anything that is watched.
_WORST = (
    status.DOWN,
    status.LATE,
    status.DEGRADED,
    status.UNKNOWN,
    status.OK,
    status.RESUMED,
    status.NEW,
    status.PAUSED,
)


def worst_of(statuses: Iterable[str]) -> str | None:
    """The status that a group of monitors shows; None without any."""
    return min(statuses, key=_WORST.index, default=None)


@transaction.atomic
def create_group(*, workspace: Workspace, by: Actor, now: datetime, fields: Mapping[str, Any]) -> ServiceGroup:
    """A group with these monitors, which leave the one they were in. Raises Invalid naming every wrong field."""
    wanted = {"name": None, **GROUP_DEFAULTS, **fields}
    monitors = _checked(workspace, wanted)
    group = ServiceGroup.objects.create(
        workspace=workspace, name=wanted["name"].strip(), description=wanted["description"].strip()
    )
    _gather(group, monitors, now)
    audit.record(by=by, workspace=workspace, verb="create", target=group)
    return group


@transaction.atomic
def edit_group(*, group: ServiceGroup, by: Actor, now: datetime, fields: Mapping[str, Any]) -> ServiceGroup:
    """Changes what `fields` names. Raises Invalid, Conflict when it is gone."""
    group = _hold(group)
    ids = sorted(group.monitors.values_list("pk", flat=True))
    before = {"name": group.name, "description": group.description, "monitor_ids": ids}
    wanted = before | dict(fields)
    monitors = _checked(group.workspace, wanted)
    group.name, group.description = wanted["name"].strip(), wanted["description"].strip()
    group.version += 1
    group.save()
    if "monitor_ids" in fields:
        _gather(group, monitors, now)
    changes = {name: [before[name], wanted[name]] for name in before if before[name] != wanted[name]}
    audit.record(by=by, workspace=group.workspace, verb="edit", target=group, changes=changes)
    return group


@transaction.atomic
def delete_group(*, group: ServiceGroup, by: Actor, now: datetime) -> None:
    """Removes the group; its monitors stay, in no group. Raises Conflict when it is gone."""
    # Whoever starts a deployment holds it before its monitors, so it is taken before them here too.
    list(Deployment.objects.filter(service_group=group.pk).order_by("pk").select_for_update(of=("self",)))
    group = _hold(group)
    _gather(group, [], now)
    audit.record(by=by, workspace=group.workspace, verb="delete", target=group)
    group.delete()


def _gather(group: ServiceGroup, monitors: Iterable[Monitor], now: datetime) -> None:
    """Makes the group hold exactly `monitors`; each that moves counts as edited."""
    wanted = {one.pk for one in monitors}
    have = set(group.monitors.values_list("pk", flat=True))
    moving = [monitor.pk for monitor, _ in hold_monitors(wanted ^ have)]
    for ids, to in ((wanted.intersection(moving), group), (have.intersection(moving), None)):
        rows = Monitor.objects.filter(pk__in=numbers(ids))
        rows.update(service_group=to, version=F("version") + 1, updated_at=now)


def _hold(group: ServiceGroup) -> ServiceGroup:
    rows = ServiceGroup.objects.select_for_update(of=("self",), no_key=True).select_related("workspace")
    found = rows.filter(pk=group.pk).first()
    if found is None:
        raise Conflict("The service group has been deleted.")
    return found


def _checked(workspace: Workspace, wanted: Mapping[str, Any]) -> list[Monitor]:
    errors = wrong_texts(wanted)
    monitors = find_monitors(workspace, wanted["monitor_ids"], errors)
    if errors:
        raise Invalid(errors)
    return monitors
