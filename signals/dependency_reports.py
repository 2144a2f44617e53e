"""Reads what a ping's payload says of the things that its job needs. Pure; a shape that is none is passed over."""

from typing import Any, NamedTuple

import orjson

MOST = 50
NAME_LENGTH = 120
_DOWN = {"ok": False, "down": True}


class Report(NamedTuple):
    """One dependency and whether the job says that it is down."""

    name: str
    is_down: bool


def reports_of(payload: str) -> list[Report]:
    """The `dependencies: [{name, status}]` of a JSON payload, the first 50; a name said twice counts as said last."""
    try:
        value = orjson.loads(payload)
    except ValueError:
        return []
    said = value.get("dependencies") if isinstance(value, dict) else None
    entries = said[:MOST] if isinstance(said, list) else []
    found = [report for report in map(_report, entries) if report is not None]
    return list({report.name: report for report in found}.values())


def _report(entry: Any) -> Report | None:
    if not isinstance(entry, dict):
        return None
    name, status = entry.get("name"), entry.get("status")
    if not isinstance(name, str) or not isinstance(status, str):
        return None
    name, is_down = name.replace("\x00", "").strip(), _DOWN.get(status.strip().lower())
    if is_down is None or not 1 <= len(name) <= NAME_LENGTH:
        return None
    return Report(name, is_down)
