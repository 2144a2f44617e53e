"""Writes of maintenance windows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from accounts.models import Workspace
from common.invalid import Conflict, Invalid
from monitors.models import MaintenanceWindow, Monitor, ServiceGroup
from monitors.planned.fields import WINDOW_DEFAULTS, find_group, find_monitors, nothing_covered, wrong_window
from monitors.planned.windows import parts_of

_PLAIN = (
    "name",
    "description",
    "starts_at",
    "ends_at",
    "rrule",
    "timezone",
    "suppress_alerts",
    "suppress_incidents",
    "show_on_status_page",
)


@transaction.atomic
def create_window(*, workspace: Workspace, by: Actor, now: datetime, fields: Mapping[str, Any]) -> MaintenanceWindow:
    """A window. Raises Invalid naming every wrong field."""
    wanted = {"name": None, "starts_at": None, "ends_at": None, **WINDOW_DEFAULTS, **fields}
    monitors, group = _checked(workspace, wanted, now=now)
    window = MaintenanceWindow(workspace=workspace, service_group=group)
    _fill(window, wanted)
    window.save()
    window.monitors.set(monitors)
    audit.record(by=by, workspace=workspace, verb="create", target=window)
    return window


@transaction.atomic
def edit_window(*, window: MaintenanceWindow, by: Actor, now: datetime, fields: Mapping[str, Any]) -> MaintenanceWindow:
    """Changes what `fields` names; past openings move with the rule. Raises Invalid, Conflict when it is gone."""
    window = _hold(window)
    before = _fields_of(window)
    wanted = before | dict(fields)
    monitors, group = _checked(window.workspace, wanted, now=min(now, window.starts_at))
    changes = {name: [_told(before[name]), _told(wanted[name])] for name in before if before[name] != wanted[name]}
    _fill(window, wanted)
    window.service_group = group
    window.version += 1
    window.save()
    window.monitors.set(monitors)
    audit.record(by=by, workspace=window.workspace, verb="edit", target=window, changes=changes)
    return window


@transaction.atomic
def delete_window(*, window: MaintenanceWindow, by: Actor, now: datetime) -> None:
    """Removes it; its past openings count as ordinary time again. Raises Conflict when it is gone."""
    window = _hold(window)
    audit.record(by=by, workspace=window.workspace, verb="delete", target=window)
    window.delete()


def _hold(window: MaintenanceWindow) -> MaintenanceWindow:
    rows = MaintenanceWindow.objects.select_for_update(of=("self",)).select_related("workspace")
    found = rows.filter(pk=window.pk).first()
    if found is None:
        raise Conflict("The maintenance window has been deleted.")
    return found


def _checked(
    workspace: Workspace, wanted: Mapping[str, Any], *, now: datetime
) -> tuple[list[Monitor], ServiceGroup | None]:
    errors = wrong_window(wanted, now=now)
    monitors = find_monitors(workspace, wanted["monitor_ids"], errors)
    group = find_group(workspace, wanted["service_group_id"], errors)
    if not wanted["monitor_ids"] and wanted["service_group_id"] is None:
        errors.append(nothing_covered())
    if errors:
        raise Invalid(errors)
    return monitors, group


def _fields_of(window: MaintenanceWindow) -> dict[str, Any]:
    plain = {name: getattr(window, name) for name in _PLAIN}
    ids = sorted(window.monitors.values_list("pk", flat=True))
    return plain | {"monitor_ids": ids, "service_group_id": window.service_group_id}


def _fill(window: MaintenanceWindow, wanted: Mapping[str, Any]) -> None:
    for name in _PLAIN:
        value = wanted[name]
        setattr(window, name, value.strip() if isinstance(value, str) else value)
    if window.rrule:
        window.rrule = ";".join(f"{name}={value}" for name, value in parts_of(window.rrule).items())


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
