"""Finds the rows that a monitor's fields name: regions, service group, other monitors. Says which are not there."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q

from accounts.models import Workspace
from common.invalid import FieldError
from monitors.models import Monitor, Region, ServiceGroup


class Named:
    """The rows; None where the fields do not name any."""

    def __init__(self) -> None:
        self.regions: list[Region] | None = None
        self.service_group: ServiceGroup | None = None
        self.depends_on: list[Monitor] | None = None


def find_named(
    workspace: Workspace, fields: Mapping[str, Any], monitor: Monitor | None, *, is_probed: bool
) -> tuple[Named, list[FieldError]]:
    """What `fields` name in this workspace, for `monitor` when it is edited, and every name that leads nowhere."""
    named = Named()
    errors: list[FieldError] = []
    if is_probed and "regions" in fields:
        named.regions = _regions(fields["regions"], monitor, errors)
    if fields.get("service_group") is not None:
        named.service_group = _group(workspace, fields["service_group"], errors)
    if "depends_on" in fields:
        named.depends_on = _others(workspace, fields["depends_on"], monitor, errors)
    _refuse_taken_key(workspace, fields.get("external_key"), monitor, errors)
    return named, errors


def taken_key() -> FieldError:
    """What is said of an external key that another monitor has."""
    return FieldError("/externalKey", "taken", "Another monitor of this workspace has this key.")


def _regions(value: object, monitor: Monitor | None, errors: list[FieldError]) -> list[Region]:
    """The regions of these keys: enabled ones, and those that the monitor has, so that it can be sent back as read."""
    keys = {key for key in _list(value) if isinstance(key, str)}
    may = Q(is_enabled=True) | Q(pk__in=monitor.region_states.values("region") if monitor else [])
    known = {region.key: region for region in Region.objects.filter(may).order_by("pk")}
    if not keys or not keys <= set(known) or any(not isinstance(key, str) for key in _list(value)):
        errors.append(FieldError("/regions", "choice", f"Choose at least one of {', '.join(known)}."))
    return [region for key, region in known.items() if key in keys]


def _group(workspace: Workspace, value: object, errors: list[FieldError]) -> ServiceGroup | None:
    found = ServiceGroup.objects.in_workspace(workspace).filter(pk=_id(value)).first()
    if found is None:
        errors.append(FieldError("/serviceGroupId", "unknown_id", "No service group of this workspace has this id."))
    return found


def _others(workspace: Workspace, value: object, monitor: Monitor | None, errors: list[FieldError]) -> list[Monitor]:
    ids = {_id(one) for one in _list(value)}
    found = list(Monitor.objects.in_workspace(workspace).filter(pk__in=ids)) if ids else []
    if not isinstance(value, list | tuple) or len(found) != len(ids) or (monitor is not None and monitor.pk in ids):
        errors.append(FieldError("/dependsOn", "unknown_id", "Give ids of other monitors of this workspace."))
    elif monitor is not None and _leads_back(monitor.pk, ids):
        errors.append(FieldError("/dependsOn", "cycle", "One of these depends on this monitor itself."))
    return found


def _leads_back(monitor_id: int, ids: set[int]) -> bool:
    """Whether following dependencies from `ids` arrives at the monitor: each would silence the other."""
    seen: set[int] = set()
    while ids:
        seen |= ids
        further = Monitor.objects.filter(pk__in=ids).values_list("depends_on", flat=True)
        ids = {pk for pk in further if pk is not None} - seen
        if monitor_id in ids:
            return True
    return False


def _refuse_taken_key(workspace: Workspace, key: object, monitor: Monitor | None, errors: list[FieldError]) -> None:
    if not isinstance(key, str) or "\x00" in key:
        return
    others = Monitor.objects.in_workspace(workspace).filter(external_key=key)
    if others.exclude(pk=monitor.pk if monitor else 0).exists():
        errors.append(taken_key())


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else []


def _id(value: object) -> int:
    """The id that a number or a row stands for; -1 for anything else."""
    found = getattr(value, "pk", value)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 2**63 else -1
