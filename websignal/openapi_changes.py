"""Describes the entries of a bulk request: each by its `op`, a whole monitor by its type besides."""

from typing import Any

from monitors.changing import Op
from monitors.kinds import kinds
from websignal.openapi_parts import WORD

Schema = dict[str, Any]
_ID: Schema = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1, "format": "int64"}
_KEY: Schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": WORD}
_NAMED_BY_KEY: Schema = {"required": ["externalKey"], "properties": {"externalKey": _KEY}}


def add_changes(schemas: Schema) -> None:
    """Needs the types of monitors to be described already."""
    names = {f"{name.capitalize()}MonitorChange": schemas[f"{name.capitalize()}MonitorRequest"] for name, _ in kinds}
    schemas.update({name: _whole(monitor) for name, monitor in names.items()})
    schemas["MonitorUpdate"] = _update(schemas["PatchedMonitorRequest"])
    schemas["MonitorAct"] = _act()
    one_of = [{"$ref": f"#/components/schemas/{name}"} for name in (*names, "MonitorUpdate", "MonitorAct")]
    schemas["ChangesRequest"]["properties"]["changes"]["items"] = {"oneOf": one_of}


def _whole(monitor: Schema) -> Schema:
    """Made, or replaced where there is one with its key."""
    op = {"type": "string", "enum": [Op.CREATE, Op.UPSERT]}
    return {
        **{key: part for key, part in monitor.items() if key != "example"},
        "properties": {"op": op, **monitor["properties"]},
        "required": ["op", *monitor["required"]],
        "additionalProperties": False,
        "if": {"properties": {"op": {"const": Op.UPSERT}}},
        "then": _NAMED_BY_KEY,
    }


def _update(patch: Schema) -> Schema:
    """Beside an `id` the key is one of the fields that change."""
    return {
        **patch,
        "description": "What changes of a monitor, named by `id` or by `externalKey`.",
        "properties": {"op": {"type": "string", "const": Op.UPDATE}, "id": _ID, **patch["properties"]},
        "required": ["op"],
        "additionalProperties": False,
        "if": {"not": {"required": ["id"]}},
        "then": _NAMED_BY_KEY,
    }


def _act() -> Schema:
    return {
        "type": "object",
        "description": "What is done to a monitor, named by `id` or by `externalKey`.",
        "properties": {
            "op": {"type": "string", "enum": [Op.DELETE, Op.PAUSE, Op.RESUME]},
            "id": _ID,
            "externalKey": _KEY,
        },
        "required": ["op"],
        "minProperties": 2,
        "maxProperties": 2,
        "additionalProperties": False,
    }
