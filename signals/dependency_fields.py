"""What the fields of a dependency may hold."""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.models import Workspace
from common.invalid import FieldError, Invalid
from monitors.models import Monitor
from signals.models import Dependency, DependencyStatus

PIN_OK = DependencyStatus.OK.value
DEFAULTS: dict[str, Any] = {"description": "", "monitor_id": None, "pinned_status": None, "dependent_ids": []}
MOST_DEPENDENTS = 1_000
_PINS = (DependencyStatus.OK.value, DependencyStatus.DOWN.value)


def clean(workspace: Workspace, fields: Mapping[str, Any], dependency: Dependency | None = None) -> dict[str, Any]:
    """Values for the columns named by `fields`, and `dependents`. Raises Invalid naming every wrong field."""
    errors: list[FieldError] = []
    found: dict[str, Any] = {}
    if "name" in fields:
        found["name"] = _name(workspace, fields["name"], dependency, errors)
    if "description" in fields:
        found["description"] = _text(fields["description"], "/description", 0, 1000, errors)
    if "pinned_status" in fields:
        found["pinned_status"] = _pin(fields["pinned_status"], errors)
    if "monitor_id" in fields:
        found["monitor"] = _monitor(workspace, fields["monitor_id"], errors)
    if "dependent_ids" in fields:
        found["dependents"] = _dependents(workspace, fields["dependent_ids"], errors)
    if errors:
        raise Invalid(errors)
    return found


def _text(value: Any, pointer: str, at_least: int, at_most: int, errors: list[FieldError]) -> str:
    text = value.strip() if isinstance(value, str) else None
    if text is None or "\x00" in text or not at_least <= len(text) <= at_most:
        errors.append(FieldError(pointer, "length", f"Write {at_least} to {at_most} characters."))
        return ""
    return text


def _name(workspace: Workspace, value: Any, dependency: Dependency | None, errors: list[FieldError]) -> str:
    name = _text(value, "/name", 1, 120, errors)
    others = Dependency.objects.in_workspace(workspace).filter(name=name)
    if name and others.exclude(pk=dependency.pk if dependency else 0).exists():
        errors.append(FieldError("/name", "taken", "Another dependency of this workspace has this name."))
    return name


def _pin(value: Any, errors: list[FieldError]) -> str:
    if value is not None and (not isinstance(value, str) or value not in _PINS):
        errors.append(FieldError("/pinnedStatus", "choice", f"Choose one of {', '.join(_PINS)}, or null."))
        return ""
    return str(value) if value else ""


def _monitor(workspace: Workspace, value: Any, errors: list[FieldError]) -> Monitor | None:
    if value is None:
        return None
    found = _monitors(workspace, [value])
    if not found:
        errors.append(FieldError("/monitorId", "unknown_id", "No monitor of this workspace has this id."))
        return None
    return found[0]


def _dependents(workspace: Workspace, value: Any, errors: list[FieldError]) -> list[Monitor]:
    if not isinstance(value, list | tuple) or len(value) > MOST_DEPENDENTS:
        errors.append(FieldError("/dependentIds", "type", f"Give a list of at most {MOST_DEPENDENTS} ids."))
        return []
    found = _monitors(workspace, value)
    known = {monitor.pk for monitor in found}
    for index, one in enumerate(value):
        if not isinstance(one, int) or isinstance(one, bool) or one not in known:
            pointer = f"/dependentIds/{index}"
            errors.append(FieldError(pointer, "unknown_id", "No monitor of this workspace has this id."))
    return found


def _monitors(workspace: Workspace, ids: Sequence[Any]) -> list[Monitor]:
    whole = [one for one in ids if isinstance(one, int) and not isinstance(one, bool) and 0 < one < 2**63]
    return list(Monitor.objects.in_workspace(workspace).filter(pk__in=whole))
