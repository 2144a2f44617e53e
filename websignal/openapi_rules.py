"""Describes a rule's conditions, which values fit which field and operator, and that it watches one thing."""

from typing import Any

from alerts.rules.conditions import (
    EQUALITIES,
    MAX_CONDITIONS,
    MAX_NUMBER,
    MAX_TEXT,
    MAX_VALUES,
    MEMBERSHIPS,
    NUMBERS,
    ORDERS,
    TEXTS,
)

Schema = dict[str, Any]
_NUMBER: Schema = {"type": "number", "exclusiveMinimum": -MAX_NUMBER, "exclusiveMaximum": MAX_NUMBER}
_TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
_SCOPES = ("monitorId", "serviceGroupId", "tag")
_NOTHING: Schema = {"enum": [None, ""]}


def add_conditions(schemas: Schema) -> None:
    """`when` of a rule, in bodies and answers; in bodies its scope too."""
    several = {
        "NumberCondition": _condition(NUMBERS, (*EQUALITIES, *ORDERS), _NUMBER),
        "NumbersCondition": _condition(NUMBERS, MEMBERSHIPS, _list_of(_NUMBER)),
        "TextCondition": _condition(TEXTS, EQUALITIES, _TEXT),
        "TextsCondition": _condition(TEXTS, MEMBERSHIPS, _list_of(_TEXT)),
    }
    schemas.update(several)
    one_of = [{"$ref": f"#/components/schemas/{name}"} for name in several]
    conditions = {"type": "array", "maxItems": MAX_CONDITIONS, "items": {"oneOf": one_of}}
    schemas["Conditions"] = {
        "type": "object",
        "description": "Always without conditions; else while all, or any, of them hold.",
        "properties": {"all": conditions, "any": conditions},
        "maxProperties": 1,
        "additionalProperties": False,
    }
    for component in ("Rule", "RuleRequest", "PatchedRuleRequest"):
        schemas[component]["properties"]["when"] = {"$ref": "#/components/schemas/Conditions"}
    schemas["ScopeRequest"]["dependentSchemas"] = {name: _alone(name) for name in _SCOPES}


def _condition(fields: tuple[str, ...], ops: tuple[str, ...], value: Schema) -> Schema:
    return {
        "type": "object",
        "required": ["field", "op", "value"],
        "properties": {
            "field": {"type": "string", "enum": list(fields)},
            "op": {"type": "string", "enum": list(ops)},
            "value": value,
        },
        "additionalProperties": False,
    }


def _list_of(value: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "maxItems": MAX_VALUES, "items": value}


def _alone(name: str) -> Schema:
    """Either this one is as good as not given, or the others are."""
    others = {one: _NOTHING for one in _SCOPES if one != name}
    return {"anyOf": [{"properties": {name: _NOTHING}}, {"properties": others}]}
