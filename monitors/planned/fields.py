"""The fields of planned work and of service groups: their defaults, limits and what is said when one is wrong."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Workspace
from common.invalid import FieldError
from common.names import camel
from monitors.models import Monitor, ServiceGroup
from monitors.planned.windows import LONGEST_REPEATED, Plan, WrongRule, is_zone, next_opening, parts_of

DEPLOYMENT_DEFAULTS: dict[str, Any] = {
    "release": "",
    "author": "",
    "link": "",
    "scheduled_start_at": None,
    "scheduled_end_at": None,
    "auto_pause": False,
    "monitor_ids": [],
    "service_group_id": None,
}
WINDOW_DEFAULTS: dict[str, Any] = {
    "description": "",
    "rrule": "",
    "timezone": "UTC",
    "suppress_alerts": True,
    "suppress_incidents": False,
    "show_on_status_page": True,
    "monitor_ids": [],
    "service_group_id": None,
}
GROUP_DEFAULTS: dict[str, Any] = {"description": "", "monitor_ids": []}
MOST_MONITORS = 1000
LONGEST = timedelta(days=366)
FARTHEST = timedelta(days=3660)
_LENGTHS = {"release": 120, "author": 120, "link": 2048, "description": 1000, "rrule": 300}
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_NAMES = {"release": "version"}


def pointer(name: str) -> str:
    """Where the API has this field."""
    return f"/{_NAMES.get(name, camel(name))}"


def wrong_texts(fields: Mapping[str, Any]) -> list[FieldError]:
    """Wrong names, links and other texts."""
    errors = []
    name = fields.get("name")
    if not _is_text(name, 120) or not str(name).strip():
        errors.append(FieldError("/name", "length", "Write 1 to 120 characters."))
    for field, most in _LENGTHS.items():
        if not _is_text(fields.get(field, ""), most):
            errors.append(FieldError(pointer(field), "length", f"Write at most {most:,} characters."))
    link = fields.get("link", "")
    if link and isinstance(link, str) and not re.match(r"https?://[^\s/]", link):
        errors.append(FieldError("/link", "url", "Write an address that begins with https:// or http://."))
    return errors


def wrong_deployment(fields: Mapping[str, Any], *, started_at: datetime | None, now: datetime) -> list[FieldError]:
    """Every wrong field of a whole deployment but for what it covers; `started_at` once it has started."""
    errors = wrong_texts(fields)
    start, end = fields["scheduled_start_at"], fields["scheduled_end_at"]
    for name in ("scheduled_start_at", "scheduled_end_at"):
        if fields[name] is not None and abs(fields[name] - now) > FARTHEST:
            errors.append(FieldError(pointer(name), "range", "Give an instant within ten years."))
    if end is not None and end <= (started_at or start or now):
        errors.append(FieldError("/scheduledEndAt", "order", "Must be after its start."))
    elif end is not None and started_at is None and end <= now:
        errors.append(FieldError("/scheduledEndAt", "order", "Must be in the future."))
    return errors


def wrong_window(fields: Mapping[str, Any], *, now: datetime) -> list[FieldError]:
    """Every wrong field of a whole window but for what it covers."""
    errors = wrong_texts(fields)
    missing = [name for name in ("starts_at", "ends_at") if fields.get(name) is None]
    errors += [FieldError(pointer(name), "required", "Give an instant.") for name in missing]
    if not is_zone(str(fields["timezone"])):
        errors.append(FieldError("/timezone", "zone", "Give a time zone such as Europe/Berlin or UTC."))
    if missing or errors:
        return errors + _wrong_rule(str(fields["rrule"]))
    start, end, rule = fields["starts_at"], fields["ends_at"], fields["rrule"]
    if abs(start - now) > FARTHEST:
        errors.append(FieldError("/startsAt", "range", "Give an instant within ten years."))
    longest = LONGEST_REPEATED if rule else LONGEST
    if not timedelta(minutes=1) <= end - start <= longest:
        errors.append(FieldError("/endsAt", "range", f"Must be one minute to {longest.days} days after its start."))
    return errors or _wrong_rule(rule, Plan(start, end, rule, fields["timezone"]))


def _wrong_rule(rule: str, plan: Plan | None = None) -> list[FieldError]:
    if not rule:
        return []
    try:
        parts_of(rule)
    except WrongRule as wrong:
        return [FieldError("/rrule", "rule", str(wrong))]
    if plan is not None and next_opening(plan, plan.starts_at) is None:
        return [FieldError("/rrule", "rule", "By this rule it never opens.")]
    return []


def find_monitors(workspace: Workspace, ids: Any, errors: list[FieldError]) -> list[Monitor]:
    """The monitors of the workspace with these ids; an error names the list when one is not there."""
    wanted = {one for one in ids if isinstance(one, int) and 0 < one < 2**63} if isinstance(ids, list) else set()
    if not isinstance(ids, list) or len(wanted) != len(set(ids)) or len(wanted) > MOST_MONITORS:
        errors.append(FieldError("/monitorIds", "unknown_id", f"Give at most {MOST_MONITORS:,} ids of monitors."))
        return []
    found = list(Monitor.objects.in_workspace(workspace).filter(pk__in=wanted).order_by("pk"))
    if len(found) != len(wanted):
        gone = sorted(wanted - {one.pk for one in found})
        detail = f"No monitor of this workspace has the id {gone[0]}."
        errors.append(FieldError("/monitorIds", "unknown_id", detail))
    return found


def find_group(workspace: Workspace, group_id: Any, errors: list[FieldError]) -> ServiceGroup | None:
    """The service group of the workspace with this id; None for none, with an error where there should be one."""
    if group_id is None:
        return None
    is_id = isinstance(group_id, int) and 0 < group_id < 2**63
    found = ServiceGroup.objects.in_workspace(workspace).filter(pk=group_id).first() if is_id else None
    if found is None:
        errors.append(FieldError("/serviceGroupId", "unknown_id", "No service group of this workspace has this id."))
    return found


def nothing_covered() -> FieldError:
    """What is said when neither monitors nor a group are named."""
    return FieldError("/monitorIds", "required", "Say what it covers: monitors, a service group, or both.")


def _is_text(value: object, most: int) -> bool:
    return isinstance(value, str) and len(value.strip()) <= most and not _UNSTORABLE.search(value)
