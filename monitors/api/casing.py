"""A type's settings between the code's snake_case and the API's camelCase. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from common.api.problems import escape
from common.invalid import FieldError
from common.names import camel

_CAPITAL = re.compile(r"([A-Z])")
# What a person wrote stays as it is: names of headers, a value to compare with.
_OPAQUE = frozenset({"headers", "target"})


def to_camel(value: Any) -> Any:
    """`value`, as JSON is loaded, with every key of its objects in camelCase."""
    if isinstance(value, dict):  # asking for a Mapping costs ten times this
        return {camel(key): entry if key in _OPAQUE else to_camel(entry) for key, entry in value.items()}
    return [to_camel(one) for one in value] if isinstance(value, (list, tuple)) else value


def to_snake(value: Any, pointer: str, errors: list[FieldError]) -> Any:
    """`value` with every key in snake_case; a key that is not camelCase is an error (code `unknown`)."""
    if isinstance(value, Mapping):
        return _object(value, pointer, errors)
    if isinstance(value, list):
        return [to_snake(one, f"{pointer}/{index}", errors) for index, one in enumerate(value)]
    return value


def _object(value: Mapping[str, Any], pointer: str, errors: list[FieldError]) -> dict[str, Any]:
    found = {}
    for key, entry in value.items():
        name, place = _CAPITAL.sub(r"_\1", key).lower(), f"{pointer}/{escape(key)}"
        if camel(name) == key:
            found[name] = entry if name in _OPAQUE else to_snake(entry, place, errors)
        else:
            errors.append(FieldError(place, "unknown", "There is no such field."))
    return found
