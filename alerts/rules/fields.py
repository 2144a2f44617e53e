"""What a rule's own fields may hold; every wrong one is named at once."""

from collections.abc import Iterable, Mapping
from typing import Any

from accounts.models import Workspace
from alerts.models import RULE_EVENTS, Channel
from alerts.rules.conditions import wrong_conditions
from common.invalid import FieldError
from monitors.models import Monitor, ServiceGroup

MAX_NAME, MAX_TAG = 120, 60
MIN_REMINDER_SECONDS, MAX_REMINDER_SECONDS = 60, 7 * 24 * 3600
SCOPES = ("monitor_id", "service_group_id", "tag")
_POINTERS = {"monitor_id": "/scope/monitorId", "service_group_id": "/scope/serviceGroupId", "tag": "/scope/tag"}


def wrong_common(fields: Mapping[str, Any]) -> list[FieldError]:
    """Errors in `name`, `events` and `reminder_seconds`, of those given: what rules and action groups share."""
    errors: list[FieldError] = []
    name = fields.get("name")
    if "name" in fields and (not isinstance(name, str) or not 1 <= len(name.strip()) <= MAX_NAME):
        errors.append(FieldError("/name", "length", f"Write 1 to {MAX_NAME} characters."))
    if "is_enabled" in fields and not isinstance(fields["is_enabled"], bool):
        errors.append(FieldError("/enabled", "type", "Write true or false."))
    if "events" in fields:
        errors += _wrong_events(fields["events"])
    if fields.get("reminder_seconds") is not None:
        errors += _wrong_reminder(fields["reminder_seconds"])
    return errors


def wrong_rule(fields: Mapping[str, Any], workspace: Workspace) -> list[FieldError]:
    """Errors in all that a rule holds, of the fields given."""
    errors = wrong_common(fields)
    if "scope" in fields:
        errors += _wrong_scope(fields["scope"], workspace)
    if "when" in fields:
        errors += wrong_conditions(fields["when"])
    if "channel_ids" in fields:
        errors += _wrong_channels(fields["channel_ids"], workspace)
    return errors


def _wrong_events(events: Any) -> list[FieldError]:
    known = f"Choose among {', '.join(RULE_EVENTS)}."
    if not isinstance(events, list) or not events:
        return [FieldError("/events", "required", known)]
    return [
        FieldError(f"/events/{place}", "choice", known)
        for place, event in enumerate(events)
        if event not in RULE_EVENTS
    ]


def _wrong_reminder(seconds: Any) -> list[FieldError]:
    is_whole = isinstance(seconds, int) and not isinstance(seconds, bool)
    if is_whole and MIN_REMINDER_SECONDS <= seconds <= MAX_REMINDER_SECONDS:
        return []
    return [
        FieldError("/reminderSeconds", "range", f"Write {MIN_REMINDER_SECONDS} to {MAX_REMINDER_SECONDS}, or null.")
    ]


def _wrong_scope(scope: Any, workspace: Workspace) -> list[FieldError]:
    if not isinstance(scope, Mapping) or not set(scope) <= set(SCOPES):
        return [FieldError("/scope", "keys", "Write monitorId, serviceGroupId or tag; {} means all monitors.")]
    given = {name: value for name, value in scope.items() if value not in (None, "")}
    if len(given) > 1:
        return [FieldError("/scope", "keys", "Choose one of monitorId, serviceGroupId and tag.")]
    return [error for name, value in given.items() for error in _wrong_scope_value(name, value, workspace)]


def _wrong_scope_value(name: str, value: Any, workspace: Workspace) -> list[FieldError]:
    pointer = _POINTERS[name]
    if name == "tag":
        fits = isinstance(value, str) and len(value) <= MAX_TAG
        return [] if fits else [FieldError(pointer, "length", f"Write at most {MAX_TAG} characters.")]
    model: type[Monitor] | type[ServiceGroup] = Monitor if name == "monitor_id" else ServiceGroup
    if _are_ids([value]) and model.objects.in_workspace(workspace).filter(pk=value).exists():
        return []
    return [FieldError(pointer, "unknown", f"There is no such {model._meta.verbose_name} in this workspace.")]


def _wrong_channels(ids: Any, workspace: Workspace) -> list[FieldError]:
    if not isinstance(ids, list) or not ids or not _are_ids(ids):
        return [FieldError("/channelIds", "required", "Name at least one channel by its id.")]
    known = set(Channel.objects.in_workspace(workspace).filter(pk__in=ids).values_list("pk", flat=True))
    return [
        FieldError(f"/channelIds/{place}", "unknown", "There is no such channel in this workspace.")
        for place, pk in enumerate(ids)
        if pk not in known
    ]


def _are_ids(values: Iterable[Any]) -> bool:
    return all(isinstance(one, int) and not isinstance(one, bool) and 0 < one < 2**63 for one in values)
