"""Hides the secrets in a monitor's settings when it is shown, and finds them again when it is sent back. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from monitors.probes.schema import Field
from monitors.probes.secret_headers import is_secret

MASK = "********"


def masked(fields: Sequence[Field], settings: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` with every secret replaced by MASK: the schema's, and the headers that carry keys."""
    known = {field.name: field for field in fields}
    return {name: _masked(known.get(name), value) for name, value in settings.items()}


def _masked(field: Field | None, value: Any) -> Any:
    if field is None or not value:
        return value
    if field.secret:
        return MASK
    if isinstance(value, dict):
        if field.kind == "headers":
            return {name: MASK if text and is_secret(name, text) else text for name, text in value.items()}
        return masked(field.fields, value)
    return value


def unmasked(fields: Sequence[Field], settings: Any, stored: Any) -> Any:
    """`settings` with the MASK of each secret replaced by what is stored at the same place; without that it stays."""
    if not isinstance(settings, Mapping):
        return settings
    known = {field.name: field for field in fields}
    before = stored if isinstance(stored, Mapping) else {}
    return {name: _unmasked(known.get(name), value, before.get(name)) for name, value in settings.items()}


def _unmasked(field: Field | None, value: Any, stored: Any) -> Any:
    if field is None:
        return value
    if field.secret:
        return (stored or MASK) if value == MASK else value
    if field.kind == "headers" and isinstance(value, Mapping):
        kept = stored if isinstance(stored, Mapping) else {}
        return {name: kept.get(name) or MASK if text == MASK else text for name, text in value.items()}
    return unmasked(field.fields, value, stored) if field.kind == "object" else value


def secret_names(fields: Sequence[Field]) -> set[str]:
    """Names of the top-level fields that are secret."""
    return {field.name for field in fields if field.secret}
