"""Puts the settings of each type of monitor into the schemas of a monitor."""

from typing import Any

from common.names import camel
from monitors.fields import RANGES
from monitors.kinds import kinds
from monitors.probes.schema import Field

_COMPONENTS = ("Monitor", "MonitorRequest", "PatchedMonitorRequest")
_TEXTS = {"url": {"type": "string", "format": "uri"}, "text": {"type": "string"}, "bytes": {"type": "string"}}
_HEARTBEAT: dict[str, Any] = {
    "schedule": {
        "description": "When pings are expected.",
        "type": "object",
        "required": ["kind"],
        "additionalProperties": False,
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
    "methods": {"type": "array", "items": {"type": "string", "enum": ["GET", "HEAD", "POST"]}},
    "failureTolerance": {"type": "integer", "minimum": 0, "maximum": 100},
    "maxRuntimeSeconds": {"type": ["integer", "null"], "minimum": 1},
    "filters": {"type": "object", "description": "Words in the body that make a ping a success, failure or start."},
    "lastPingAt": {"type": ["string", "null"], "format": "date-time", "readOnly": True},
    "nextDueAt": {"type": ["string", "null"], "format": "date-time", "readOnly": True},
}


_LIMITS: dict[str, dict[str, Any]] = {
    "name": {"minLength": 1, "maxLength": 120},
    "description": {"maxLength": 1000},
    "externalKey": {"minLength": 1, "maxLength": 200},
    "tags": {"maxItems": 30, "items": {"type": "string", "pattern": r"^[\w.:/-]{1,60}$"}},
    "sslExpiryDays": {"maxItems": 10, "items": {"type": "integer", "minimum": 0, "maximum": 365}},
    **{camel(name): {"minimum": low, "maximum": high} for name, (low, high, _) in RANGES.items()},
}
_NOT_TRIED = ("name", "escalationPolicyId")
_EXAMPLE = {
    "name": "Shop",
    "type": "http",
    "url": "https://shop.example/health",
    "intervalSeconds": 60,
    "tags": ["prod"],
    "assertions": [{"source": "status_code", "comparison": "between", "target": [200, 399]}],
}


def add_types(schemas: dict[str, Any]) -> None:
    """Each setting becomes a property that says of which type it is; common fields get their limits."""
    found: dict[str, Any] = {}
    for name, kind in kinds:
        fields = getattr(kind, "fields", ())
        settings = {camel(one.name): schema_of(one) for one in fields} if fields else _HEARTBEAT
        for key, schema in settings.items():
            words = f"Type {name}. {schema.get('description', '')}".strip()
            found[key] = {**_without_default(_named(f"{name}_{key}", schema, schemas)), "description": words}
    for component in _COMPONENTS:
        if component in schemas:
            schemas[component]["properties"] |= found
            schemas[component]["properties"]["type"] = {"type": "string", "enum": [name for name, _ in kinds]}
            _limit(schemas[component]["properties"])
    whole = schemas["MonitorRequest"]
    whole["example"] = _EXAMPLE
    schemas["MonitorTestRequest"]["properties"] = {
        name: one for name, one in whole["properties"].items() if name not in _NOT_TRIED
    }


def _named(name: str, schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """An object's schema moves to the components, so that generated clients have a class with a name for it."""
    if "properties" not in schema:
        return schema
    component = "".join(word[:1].upper() + word[1:] for word in name.split("_")) + "Settings"
    schemas[component] = {key: value for key, value in schema.items() if key not in ("description", "default")}
    return {"$ref": f"#/components/schemas/{component}"}


def _limit(properties: dict[str, Any]) -> None:
    for name, limits in _LIMITS.items():
        properties[name] = {**properties[name], **limits}


def _without_default(schema: dict[str, Any]) -> dict[str, Any]:
    """Generated clients send what they know a default of, and another type of monitor refuses it."""
    if "default" not in schema:
        return schema
    return {key: value for key, value in schema.items() if key != "default"}


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
            return {"type": _json_type(field.choices[0]), "enum": [*field.choices, *([None] if field.nullable else [])]}
        case "headers":
            return {"type": "object", "additionalProperties": {"type": "string"}}
        case "object":
            return _object(field)
        case "list":
            return {"type": "array", "items": _object(field), **_bounds(field, "minItems", "maxItems")}
    return {}


def _json_type(value: object) -> str:
    return "integer" if isinstance(value, int) else "string"


def _object(field: Field) -> dict[str, Any]:
    required = [camel(one.name) for one in field.fields if one.required]
    return {
        "type": "object",
        "properties": {camel(one.name): schema_of(one) for one in field.fields},
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _bounds(field: Field, low: str, high: str) -> dict[str, int]:
    pairs = ((low, field.minimum), (high, field.maximum))
    return {name: value for name, value in pairs if value is not None}
