"""Judges the settings of a probed monitor by its probe's schema. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from common.invalid import FieldError, Invalid
from common.names import camel
from common.web_address import BadWebAddress, parse_web_address
from monitors.masking import MASK, masked, unmasked
from monitors.probes.assertion_rules import problems_of
from monitors.probes.base import ProbeFailed
from monitors.probes.dialling import plain_host
from monitors.probes.schema import Field, Problem, nothing_wrong

__all__ = ["MASK", "clean_settings", "masked", "unmasked"]

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_UNSENDABLE = re.compile(r"[\x00\ud800-\udfff]")
MOST_HEADERS, LONGEST_HEADER = 50, 4_096
_LONGEST_OF_TEXTS = 4_096
_LOGIN_IN_ADDRESS = "Leave the login out of the address and give it in the fields for it, where it is kept secret."
_IS_MASK = "This hides a secret that is not stored here; give the secret itself."


def clean_settings(
    fields: Sequence[Field],
    raw: Mapping[str, Any],
    *,
    partial: Mapping[str, Any] | None = None,
    whole: bool = False,
    problems: Callable[[Mapping[str, Any]], list[Problem]] = nothing_wrong,
) -> dict[str, Any]:
    """Complete settings: `raw` over `partial` (those stored, when it edits) over the defaults.

    Objects are merged field by field, headers and lists are replaced. When `whole`, `raw` alone counts over the
    defaults. In either case a masked secret keeps its stored value. `problems` are the type's own rules. Raises Invalid
    with every wrong field.
    """
    stored = dict(partial or {})
    given = unmasked(fields, raw, stored)
    errors: list[FieldError] = []
    clean = _object(fields, given if whole else _merged(fields, stored, given), "", errors)
    errors += _wrong_assertions(clean, errors)
    errors += [FieldError(pointer, "setting", detail) for pointer, detail in problems(_sound(clean, errors))]
    if errors:
        raise Invalid(errors)
    return clean


def _wrong_assertions(clean: Mapping[str, Any], errors: Sequence[FieldError]) -> list[FieldError]:
    wrong = {error.pointer for error in errors}
    return [
        FieldError(f"/assertions/{index}{pointer}", "assertion", detail)
        for index, assertion in enumerate(clean.get("assertions") or [])
        if not any(f"{pointer}/".startswith(f"/assertions/{index}/") for pointer in wrong)
        for pointer, detail in problems_of(assertion)
    ]


def _sound(clean: Mapping[str, Any], errors: Sequence[FieldError]) -> dict[str, Any]:
    """The settings, None where something is wrong already."""
    wrong = {error.pointer.split("/")[1] for error in errors if error.pointer}
    return {name: None if camel(name) in wrong else value for name, value in clean.items()}


def _merged(fields: Sequence[Field], stored: Mapping[str, Any], given: Any) -> Any:
    """`given` over `stored`, as a JSON merge patch (RFC 7396) as far as the schema has objects."""
    if not isinstance(given, Mapping):
        return given
    merged = {**stored, **given}
    for field in fields:
        before = stored.get(field.name)
        if field.kind == "object" and field.name in given and isinstance(before, Mapping):
            merged[field.name] = _merged(field.fields, before, given[field.name])
    return merged


def _object(fields: Sequence[Field], raw: Any, pointer: str, errors: list[FieldError]) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        errors.append(FieldError(pointer, "type", "Give an object."))
        return {}
    known = {field.name: field for field in fields}
    allowed = ", ".join(camel(name) for name in known)
    errors += [
        FieldError(_below(pointer, camel(str(name))), "unknown", f"There is no such field; allowed: {allowed}.")
        for name in raw
        if name not in known
    ]
    return {name: _entry(field, raw, _below(pointer, camel(name)), errors) for name, field in known.items()}


def _below(pointer: str, name: object) -> str:
    """The pointer of a member (RFC 6901 section 3)."""
    return f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"


def _entry(field: Field, raw: Mapping[str, Any], pointer: str, errors: list[FieldError]) -> Any:
    if field.name not in raw:
        if field.required:
            errors.append(FieldError(pointer, "required", f"This is required. {field.help}"))
            return None
        if field.kind == "object" and field.default is not None:
            return _object(field.fields, field.default, pointer, [])
        return field.default
    value = raw[field.name]
    if value is None and not field.required and (field.nullable or field.default is None):
        return None
    return _KINDS[field.kind](field, value, pointer, errors)


def _text(field: Field, value: Any, pointer: str, errors: list[FieldError]) -> Any:
    low, high = field.minimum or 0, field.maximum or 10_000
    if not isinstance(value, str) or _UNSENDABLE.search(value):
        errors.append(FieldError(pointer, "type", "Give a text."))
    elif not low <= len(value) <= high:
        errors.append(FieldError(pointer, "length", f"Write {low} to {high:,} characters."))
    elif field.secret and value == MASK:
        errors.append(FieldError(pointer, "mask", _IS_MASK))
    return value


def _url(field: Field, value: Any, pointer: str, errors: list[FieldError]) -> Any:
    value = value.strip() if isinstance(value, str) else value
    before = len(errors)
    _text(field, value, pointer, errors)
    if len(errors) == before:
        try:
            has_login = parse_web_address(value).credentials is not None
        except BadWebAddress as bad:
            errors.append(FieldError(pointer, "url", str(bad)))
        else:
            # An address is shown to all who see the monitor.
            errors += [FieldError(pointer, "login", _LOGIN_IN_ADDRESS)] if has_login else []
    return value


def _host(field: Field, value: Any, pointer: str, errors: list[FieldError]) -> Any:
    value = value.strip() if isinstance(value, str) else value
    before = len(errors)
    _text(field, value, pointer, errors)
    if len(errors) == before:
        try:
            plain_host(value)
        except ProbeFailed:
            errors.append(FieldError(pointer, "host", "Give a host name or an IP address, without https:// or a port."))
    return value


def _texts(field: Field, value: Any, pointer: str, errors: list[FieldError]) -> Any:
    most = field.maximum or 100
    if not isinstance(value, list) or len(value) > most:
        errors.append(FieldError(pointer, "type", f"Give a list of at most {most} texts."))
        return []
    for index, text in enumerate(value):
        if not isinstance(text, str) or not 1 <= len(text) <= _LONGEST_OF_TEXTS or _UNSENDABLE.search(text):
            detail = f"Give a text of 1 to {_LONGEST_OF_TEXTS:,} characters."
            errors.append(FieldError(_below(pointer, index), "text", detail))
    return value


def _integer(field: Field, value: Any, pointer: str, errors: list[FieldError]) -> Any:
    low = field.minimum if field.minimum is not None else -(2**31)
    high = field.maximum if field.maximum is not None else 2**31 - 1
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        errors.append(FieldError(pointer, "range", f"Give a whole number from {low} to {high}."))
    return value


def _boolean(field: Field, value: Any, pointer: str, errors: list[FieldError]) -> Any:
    if not isinstance(value, bool):
        errors.append(FieldError(pointer, "type", "Give true or false."))
    return value


def _choice(field: Field, value: Any, pointer: str, errors: list[FieldError]) -> Any:
    if not any(value is one or (value == one and type(value) is type(one)) for one in field.choices):
        allowed = ", ".join("null" if one is None else str(one) for one in field.choices)
        errors.append(FieldError(pointer, "choice", f"Choose one of {allowed}."))
    return value


def _headers(field: Field, value: Any, pointer: str, errors: list[FieldError]) -> Any:
    most = field.maximum or MOST_HEADERS
    if not isinstance(value, Mapping) or len(value) > most:
        errors.append(FieldError(pointer, "type", f"Give an object of at most {most} names and texts."))
        return {}
    for name, text in value.items():
        below = _below(pointer, name)
        if not HEADER_NAME.fullmatch(str(name)):
            errors.append(FieldError(below, "name", "A header's name has letters, digits and hyphens."))
        elif not isinstance(text, str) or len(text) > LONGEST_HEADER or not text.isprintable():
            errors.append(
                FieldError(below, "text", f"A header's value is one line of up to {LONGEST_HEADER:,} characters.")
            )
        elif text == MASK:
            errors.append(FieldError(below, "mask", _IS_MASK))
    return dict(value)


def _nested(field: Field, value: Any, pointer: str, errors: list[FieldError]) -> Any:
    return _object(field.fields, value, pointer, errors)


def _items(field: Field, value: Any, pointer: str, errors: list[FieldError]) -> Any:
    most = field.maximum or 100
    if not isinstance(value, list) or len(value) > most:
        errors.append(FieldError(pointer, "type", f"Give a list of at most {most}."))
        return []
    return [_object(field.fields, item, _below(pointer, index), errors) for index, item in enumerate(value)]


def _any(field: Field, value: Any, pointer: str, errors: list[FieldError]) -> Any:
    return value


_KINDS: Mapping[str, Callable[[Field, Any, str, list[FieldError]], Any]] = {
    "url": _url,
    "host": _host,
    "text": _text,
    "texts": _texts,
    "integer": _integer,
    "boolean": _boolean,
    "choice": _choice,
    "headers": _headers,
    "object": _nested,
    "list": _items,
    "any": _any,
}
