"""What a report schedule may hold; every wrong field is named at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import Workspace
from alerts.models import Channel, ReportCovers
from alerts.rules.fields import wrong_common
from common.invalid import FieldError, Invalid
from monitors.models import Monitor, ServiceGroup
from monitors.planned.fields import find_group, find_monitors
from monitors.planned.windows import is_zone

DEFAULTS: Mapping[str, Any] = {
    "covers": ReportCovers.ALL.value,
    "service_group_id": None,
    "monitor_ids": [],
    "channel_id": None,
    "timezone": "UTC",
    "is_enabled": True,
}


@dataclass(frozen=True, slots=True)
class Named:
    """What the ids of valid fields stand for."""

    monitors: list[Monitor]
    group: ServiceGroup | None
    channel: Channel | None


def checked(workspace: Workspace, wanted: Mapping[str, Any], *, is_cover_new: bool = True) -> Named:
    """What a whole schedule names. Raises Invalid with every wrong field.

    What it covers may have gone since it was said: then another edit need not say it again.
    """
    errors = wrong_common({name: wanted[name] for name in ("name", "is_enabled")})
    if not isinstance(wanted["timezone"], str) or not is_zone(wanted["timezone"]):
        errors.append(FieldError("/timezone", "zone", "Give a time zone such as Europe/Berlin or UTC."))
    monitors = find_monitors(workspace, wanted["monitor_ids"], errors)
    group = find_group(workspace, wanted["service_group_id"], errors)
    channel = _channel(workspace, wanted["channel_id"], errors)
    errors += _wrong_cover(wanted) if is_cover_new else []
    if errors:
        raise Invalid(errors)
    return Named(monitors, group, channel)


def _wrong_cover(wanted: Mapping[str, Any]) -> list[FieldError]:
    """What is named must be what `covers` says, so that nobody takes a part for the whole."""
    covers, group, monitors = wanted["covers"], wanted["service_group_id"], wanted["monitor_ids"]
    if covers not in ReportCovers.values:
        return [FieldError("/covers", "choice", f"Choose one of {', '.join(ReportCovers.values)}.")]
    errors = []
    if covers == ReportCovers.SERVICE_GROUP and group is None:
        errors.append(FieldError("/serviceGroupId", "required", "Choose the service group that the report is about."))
    if covers == ReportCovers.MONITORS and not monitors:
        errors.append(FieldError("/monitorIds", "required", "Choose at least one monitor."))
    if covers != ReportCovers.SERVICE_GROUP and group is not None:
        errors.append(FieldError("/serviceGroupId", "unused", "Only where covers is service_group."))
    if covers != ReportCovers.MONITORS and monitors:
        errors.append(FieldError("/monitorIds", "unused", "Only where covers is monitors."))
    return errors


def _channel(workspace: Workspace, pk: Any, errors: list[FieldError]) -> Channel | None:
    if pk is None:
        return None
    is_id = isinstance(pk, int) and not isinstance(pk, bool) and 0 < pk < 2**63
    found = Channel.objects.in_workspace(workspace).filter(pk=pk, is_owners=False).first() if is_id else None
    if found is None:
        errors.append(FieldError("/channelId", "unknown", "There is no such channel in this workspace."))
    return found
