"""Reads bodies as strict JSON: nothing that two readers could take differently, nothing a database cannot store."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import IO, Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from common.api.problems import PayloadTooLarge, escape
from common.invalid import FieldError, Invalid

MAX_BYTES = 1024 * 1024
_INT64 = 2**63
_DEEPEST = 64
_EXACT = 2**53  # below it a double is the number that was written


class StrictJSONParser(BaseParser):
    """application/json in UTF-8 (RFC 8259), as I-JSON asks (RFC 7493): no NaN, no key twice, no lone surrogate.

    Strings have no NUL character and numbers fit 64 bits, for PostgreSQL and most clients hold no others.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise PayloadTooLarge
        return parse_json(raw)


def parse_json(raw: bytes) -> Any:
    """The value of a body. Raises ParseError where it is no JSON, Invalid naming each value that cannot be held."""
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_once, parse_float=_number, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise ParseError("The body is not UTF-8.") from error
    except RecursionError as error:
        raise ParseError("The body is nested too deeply.") from error
    except json.JSONDecodeError as error:
        raise ParseError(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from error
    except ValueError as error:
        raise ParseError("A number in the body is too long.") from error
    errors = list(_unholdable(value, "", 0))
    if errors:
        raise Invalid(errors[:50])
    return value


def _number(text: str) -> int | float:
    """JSON has one kind of number: 60.0 is the whole number 60 (JSON Schema section 6.3)."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ParseError(f"The key {twice[:80]!r} stands twice in one object.")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ParseError(f"{name} is not JSON.")


def _unholdable(value: Any, pointer: str, depth: int) -> Iterator[FieldError]:
    if depth > _DEEPEST:
        yield FieldError(pointer, "too_deep", f"At most {_DEEPEST} levels.")
    elif isinstance(value, str):
        yield from _unholdable_text(value, pointer)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _unholdable_text(key, pointer)
            yield from _unholdable(inner, f"{pointer}/{escape(key)}", depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unholdable(inner, f"{pointer}/{index}", depth + 1)
    elif isinstance(value, int) and not -_INT64 <= value < _INT64:
        yield FieldError(pointer, "too_large", "A whole number must fit 64 bits.")
    elif isinstance(value, float) and not math.isfinite(value):
        yield FieldError(pointer, "too_large", "This number is too large.")


def _unholdable_text(text: str, pointer: str) -> Iterator[FieldError]:
    if "\x00" in text:
        yield FieldError(_printable(pointer), "nul", "The NUL character is not allowed.")
    elif not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        yield FieldError(_printable(pointer), "surrogate", "A lone surrogate is not a character.")


def _printable(pointer: str) -> str:
    return pointer.encode("utf-8", "replace").decode().replace("\x00", "�")
