"""Describes what bodies need of several fields together: what a report, a deployment or a window is about."""

from typing import Any

Schema = dict[str, Any]
_MONITORS: Schema = {"required": ["monitorIds"], "properties": {"monitorIds": {"minItems": 1}}}
_GROUP: Schema = {"required": ["serviceGroupId"], "properties": {"serviceGroupId": {"type": "integer"}}}
_NO_MONITORS: Schema = {"monitorIds": {"maxItems": 0}}
_NO_GROUP: Schema = {"serviceGroupId": {"type": "null"}}


def add_covers(schemas: Schema) -> None:
    """Of whole bodies; what a patch leaves out is stored."""
    schemas["ReportScheduleRequest"]["allOf"] = [
        _where("monitors", {**_MONITORS, "properties": {**_MONITORS["properties"], **_NO_GROUP}}),
        _where("service_group", {**_GROUP, "properties": {**_GROUP["properties"], **_NO_MONITORS}}),
        {
            "if": {"properties": {"covers": {"const": "all"}}},
            "then": {"properties": {**_NO_MONITORS, **_NO_GROUP}},
        },
    ]
    for component in ("DeploymentRequest", "WindowRequest"):
        schemas[component]["if"] = {"not": _MONITORS}
        schemas[component]["then"] = _GROUP


def _where(covers: str, then: Schema) -> Schema:
    return {"if": {"required": ["covers"], "properties": {"covers": {"const": covers}}}, "then": then}
