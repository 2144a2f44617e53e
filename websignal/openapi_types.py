"""Describes a monitor type by type: each with its own settings, told apart by `type`."""

from collections.abc import Collection, Mapping
from typing import Any

from common.names import camel
from monitors.api.bodies import PROBING
from monitors.fields import RANGES
from monitors.kinds import Kind, kinds
from monitors.probes.schema import Field
from monitors.settings import HEADER_NAME, LONGEST_HEADER, MOST_HEADERS
from websignal import openapi_heartbeat as heartbeat
from websignal.openapi_assertions import add_assertions, assertion_through
from websignal.openapi_parts import WORD

_TEXTS = {
    "url": {"type": "string", "format": "iri"},
    "host": {"type": "string"},
    "text": {"type": "string"},
    "bytes": {"type": "string"},
}
_TEXT_OF_LIST = {"type": "string", "minLength": 1, "maxLength": 4096}
_LIMITS: dict[str, dict[str, Any]] = {
    "name": {"minLength": 1, "maxLength": 120, "pattern": WORD},
    "description": {"maxLength": 1000},
    "externalKey": {"minLength": 1, "maxLength": 200, "pattern": WORD},
    "tags": {"maxItems": 30, "items": {"type": "string", "pattern": r"^[\w.:/-]{1,60}$"}},
    "sslExpiryDays": {"maxItems": 10, "items": {"type": "integer", "minimum": 0, "maximum": 365}},
    **{camel(name): {"minimum": low, "maximum": high} for name, (low, high, _) in RANGES.items()},
}
_NOT_TRIED = ("escalationPolicyId",)
# Of these types is what is tried without one: by its `url` or by its `hostname`.
_GUESSED = ("http", "dns")
_EXAMPLE = {
    "name": "Shop",
    "type": "http",
    "url": "https://shop.example/health",
    "intervalSeconds": 60,
    "tags": ["prod"],
    "assertions": [{"source": "status_code", "comparison": "between", "target": [200, 399]}],
}


def add_types(schemas: dict[str, Any]) -> None:
    """`Monitor`, `MonitorRequest` and a try become one of their types; a patch, which may name none, takes any."""
    schemas.update(heartbeat.SCHEDULES)
    add_assertions(schemas)
    for base in (schemas["Monitor"], schemas["MonitorRequest"], schemas["PatchedMonitorRequest"]):
        _limit(base["properties"])
    patched = schemas["PatchedMonitorRequest"]
    tried = {key: schema for key, schema in patched["properties"].items() if key not in _NOT_TRIED}
    patched["properties"] = {**patched["properties"], **_any_of(schemas)}
    patched["properties"]["type"] = {"type": "string", "enum": [name for name, _ in kinds]}
    schemas["MonitorTestRequest"] |= {"properties": tried, "required": []}
    for component in ("Monitor", "MonitorRequest"):
        schemas[component] = _one_of(schemas, component)
    schemas["MonitorTestRequest"] = _one_of(schemas, "MonitorTestRequest", tried=True)
    for component in ("SslTestRequest", "DnsTestRequest"):
        schemas[component] = _either(schemas, component, "url", "hostname")
    schemas["HttpMonitorRequest"]["example"] = schemas["MonitorRequest"]["example"] = _EXAMPLE


def _one_of(schemas: dict[str, Any], component: str, *, tried: bool = False) -> dict[str, Any]:
    """What is tried is of a type that probes, and may do without one, so nothing tells them apart by name."""
    base, mapping = schemas[component], {}
    for name, kind in kinds:
        if tried and not kind.is_probed:
            continue
        title = f"{name.capitalize()}{component}"
        schemas[title] = _typed(schemas, base, name, kind, is_request=component != "Monitor")
        if tried and name not in _GUESSED:
            schemas[title]["required"].append("type")
        mapping[name] = f"#/components/schemas/{title}"
    return {
        "description": base.get("description", ""),
        "oneOf": [{"$ref": reference} for reference in mapping.values()],
        **({} if tried else {"discriminator": {"propertyName": "type", "mapping": mapping}}),
    }


def _either(schemas: dict[str, Any], component: str, *names: str) -> dict[str, Any]:
    """At least one of these fields is needed."""
    base = schemas[component]
    titles = [f"{component.removesuffix('Request')}Of{name.capitalize()}Request" for name in names]
    for title, name in zip(titles, names, strict=True):
        schemas[title] = {**base, "required": [name]}
    return {
        "description": base.get("description", ""),
        "anyOf": [{"$ref": f"#/components/schemas/{title}"} for title in titles],
    }


def _typed(
    schemas: dict[str, Any], base: Mapping[str, Any], name: str, kind: Kind, *, is_request: bool
) -> dict[str, Any]:
    """The whole monitor of one type."""
    own = {key: _named(f"{name}_{key}", schema, schemas) for key, schema in _settings_of(kind).items()}
    unused = {camel(one) for one in _unused(kind, is_request=is_request)}
    common = {key: schema for key, schema in base["properties"].items() if key not in unused}
    needed = _needed(kind) if is_request else []
    return {
        **base,
        "description": getattr(kind, "summary", f"A monitor of type {name}."),
        "properties": {**common, **own, "type": {"type": "string", "const": name, "description": kind.label}},
        "required": [*(one for one in base.get("required", []) if one not in unused), *needed],
    }


def _unused(kind: Kind, *, is_request: bool) -> Collection[str]:
    """What a body of this type may not have; an answer about a heartbeat shows what it does not use as well."""
    if not kind.is_probed:
        return PROBING if is_request else ()
    return getattr(kind, "unused", frozenset())


def _needed(kind: Kind) -> list[str]:
    fields = getattr(kind, "fields", ())
    return [camel(one.name) for one in fields if one.required] if fields else list(heartbeat.NEEDED)


def _settings_of(kind: Kind) -> dict[str, Any]:
    fields = getattr(kind, "fields", ())
    return {camel(one.name): schema_of(one) for one in fields} if fields else heartbeat.SETTINGS


def _any_of(schemas: dict[str, Any]) -> dict[str, Any]:
    """Each setting there is; where types mean different things by one name, any of their meanings."""
    types: dict[str, list[str]] = {}
    meanings: dict[str, list[dict[str, Any]]] = {}
    for name, kind in kinds:
        for key, schema in _settings_of(kind).items():
            types.setdefault(key, []).append(name)
            meaning = _without_default(_named(f"{name}_{key}", schema, schemas))
            if meaning not in meanings.setdefault(key, []):
                meanings[key].append(meaning)
    return {
        key: {
            **(several[0] if len(several) == 1 else {"anyOf": several}),
            "description": f"Type {', '.join(types[key])}. {several[0].get('description', '')}".strip(),
        }
        for key, several in meanings.items()
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
    if field.secret:
        schema["format"] = "password"
    if not field.required and field.default is not None:
        schema["default"] = field.default
    return schema


def _shape(field: Field) -> dict[str, Any]:
    match field.kind:
        case "url" | "host" | "text" | "bytes":
            is_word = field.kind == "host" and field.minimum
            pattern = {"pattern": WORD} if is_word else {}
            return {**_TEXTS[field.kind], **pattern, **_bounds(field, "minLength", "maxLength")}
        case "texts":
            return {"type": "array", "items": _TEXT_OF_LIST, **_bounds(field, "minItems", "maxItems")}
        case "integer":
            return {"type": "integer", **_bounds(field, "minimum", "maximum")}
        case "boolean":
            return {"type": "boolean"}
        case "choice":
            return _choice(field)
        case "headers":
            return {
                "type": "object",
                "maxProperties": field.maximum or MOST_HEADERS,
                "propertyNames": {"pattern": f"^{HEADER_NAME.pattern}$"},
                "additionalProperties": {"type": "string", "maxLength": LONGEST_HEADER},
            }
        case "object":
            return _object(field)
        case "list":
            return {"type": "array", "items": _item(field), **_bounds(field, "minItems", "maxItems")}
    return {}


def _item(field: Field) -> dict[str, Any]:
    sources = next((one.choices for one in field.fields if one.name == "source"), ())
    return assertion_through(sources) if field.name == "assertions" else _object(field)


def _choice(field: Field) -> dict[str, Any]:
    named = [one for one in field.choices if one is not None]
    kind = "integer" if isinstance(named[0], int) else "string"
    return {"type": kind, "enum": [*named, *([None] if field.nullable else [])]}


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
