"""Puts the settings of each type of monitor into the schemas of a monitor."""

from typing import Any

from common.names import camel
from monitors.kinds import kinds
from monitors.probes.schema import Field

_COMPONENTS = ("Monitor", "MonitorRequest", "PatchedMonitorRequest")
_TEXTS = {"url": {"type": "string", "format": "uri"}, "text": {"type": "string"}, "bytes": {"type": "string"}}
_HEARTBEAT: dict[str, Any] = {
    "schedule": {
        "description": "When pings are expected.",
        "type": "object",
        "required": ["kind"],
        "properties": {
            "kind": {"type": "string", "enum": ["interval", "cron", "oncalendar"]},
            "intervalSeconds": {"type": "integer", "minimum": 10, "maximum": 365 * 24 * 3600},
            "expression": {"type": "string"},
            "timezone": {"type": "string"},
        },
    },
    "graceSeconds": {"type": "integer", "minimum": 0, "maximum": 30 * 24 * 3600, "default": 60},
    "token": {"type": "string", "description": "Given at creation or made up; never changes."},
    "slug": {"type": "string"},
    "pingUrl": {"type": "string", "format": "uri", "readOnly": True},
    "methods": {"type": "array", "items": {"type": "string", "enum": ["GET", "HEAD", "POST", "EMAIL"]}},
    "failureTolerance": {"type": "integer", "minimum": 0, "maximum": 100},
    "maxRuntimeSeconds": {"type": ["integer", "null"], "minimum": 1},
    "filters": {
        "type": "object",
        "description": "Words in the body, or in the subject of a mail, that make a ping a success, failure or start.",
    },
    "lastPingAt": {"type": ["string", "null"], "format": "date-time", "readOnly": True},
    "nextDueAt": {"type": ["string", "null"], "format": "date-time", "readOnly": True},
}


def add_types(schemas: dict[str, Any]) -> None:
    """Each setting becomes a property that says of which type it is."""
    found: dict[str, Any] = {}
    for name, kind in kinds:
        fields = getattr(kind, "fields", ())
        settings = {camel(one.name): schema_of(one) for one in fields} if fields else _HEARTBEAT
        for key, schema in settings.items():
            words = f"Type {name}. {schema.get('description', '')}".strip()
            found[key] = {**schema, "description": words}
    for component in _COMPONENTS:
        if component in schemas:
            schemas[component]["properties"] |= found
            schemas[component]["properties"]["type"] = {"type": "string", "enum": [name for name, _ in kinds]}


def schema_of(field: Field) -> dict[str, Any]:
    """The JSON schema of one setting."""
    schema = {**_shape(field), "description": field.help}
    if field.nullable and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    if not field.required and field.default is not None:
        schema["default"] = field.default
    return schema


def _shape(field: Field) -> dict[str, Any]:
    match field.kind:
        case "url" | "text" | "bytes":
            return {**_TEXTS[field.kind], **_bounds(field, "minLength", "maxLength")}
        case "integer":
            return {"type": "integer", **_bounds(field, "minimum", "maximum")}
        case "boolean":
            return {"type": "boolean"}
        case "choice":
            return {"enum": list(field.choices)}
        case "headers":
            return {"type": "object", "additionalProperties": {"type": "string"}}
        case "object":
            return _object(field)
        case "list":
            return {"type": "array", "items": _object(field), **_bounds(field, "minItems", "maxItems")}
    return {}


def _object(field: Field) -> dict[str, Any]:
    required = [camel(one.name) for one in field.fields if one.required]
    return {
        "type": "object",
        "properties": {camel(one.name): schema_of(one) for one in field.fields},
        **({"required": required} if required else {}),
    }


def _bounds(field: Field, low: str, high: str) -> dict[str, int]:
    pairs = ((low, field.minimum), (high, field.maximum))
    return {name: value for name, value in pairs if value is not None}
