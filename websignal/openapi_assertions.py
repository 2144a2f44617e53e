"""Describes an assertion: which target fits which comparison."""

from collections.abc import Iterable, Sequence
from typing import Any

from monitors.probes import assertion_rules as rules
from monitors.probes.assertions import SOURCES
from monitors.probes.comparisons import MAX_PATTERN_LENGTH
from monitors.probes.http_settings import ASSERTION

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string", "minLength": 1}
_NUMBER: Schema = {
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": f"^{rules.NUMBER_TEXT}$"}],
    "description": "A number, or the text of one.",
}
_PAIR: Schema = {"type": "array", "minItems": 2, "maxItems": 2, "items": _NUMBER, "description": "Least and greatest."}
_LIST: Schema = {"type": "array", "minItems": 1, "maxItems": rules.MOST_MEMBERS, "items": {}}
_TARGETS: dict[str, tuple[Sequence[str], Schema]] = {
    "EqualityAssertion": (rules.EQUALITIES, {"type": ["string", "number", "boolean"]}),
    "MembershipAssertion": (rules.MEMBERSHIPS, _LIST),
    "RangeAssertion": (rules.RANGES, _PAIR),
    "OrderAssertion": (rules.ORDERS, _NUMBER),
    "TextAssertion": (rules.TEXTS, _TEXT),
    "PatternAssertion": (rules.PATTERNS, {**_TEXT, "maxLength": MAX_PATTERN_LENGTH, "description": "RE2's syntax."}),
    "PresenceAssertion": (rules.PRESENCES, {"type": ["boolean", "null"], "description": "false: there must be none."}),
}


def add_assertions(schemas: Schema) -> None:
    """A component for each kind of target, to which each type's assertions refer."""
    parts = {one.name: one for one in ASSERTION}
    for name, (comparisons, target) in _TARGETS.items():
        needed = ["source", "comparison"] if comparisons == rules.PRESENCES else ["source", "comparison", "target"]
        schemas[name] = {
            "type": "object",
            "required": needed,
            "properties": {
                "source": _word(SOURCES, parts["source"].help),
                "property": {
                    "type": ["string", "null"],
                    "maxLength": parts["property"].maximum,
                    "description": parts["property"].help,
                },
                "comparison": _word(comparisons, parts["comparison"].help),
                "target": target,
            },
            "additionalProperties": False,
        }


def assertion_through(sources: Sequence[str]) -> Schema:
    """One assertion of a type that looks at answers through `sources`."""
    return {
        "type": "object",
        "properties": {"source": {"type": "string", "enum": list(sources)}},
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in _TARGETS],
    }


def _word(among: Iterable[str], described: str) -> Schema:
    return {"type": "string", "enum": list(among), "description": described}
