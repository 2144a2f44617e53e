"""Query parameters: declared, typed, and refused by name when wrong, unknown or given twice."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from common.instants import parse_instant_or_date
from common.invalid import FieldError, Invalid

Apply = Callable[[Any, Any], Any]
MOST_REPEATS = 20


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One query parameter. In a list it narrows: by `lookup` (a filter of the ORM) or by `apply(queryset, value)`.

    `code` is the error's where the value is wrong.
    """

    name: str
    help: str = ""
    lookup: str = ""
    apply: Apply | None = None
    code: str = "invalid"
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    repeats: bool = False  # may be given several times: the value is a list
    is_required: bool = False  # said in the OpenAPI document; its endpoint refuses a request without it

    def parse(self, raw: str) -> Any:
        """The value of `raw`. Raises ValueError saying what is allowed."""
        return raw

    def narrow(self, queryset: "QuerySet[Any]", value: Any) -> "QuerySet[Any]":
        if self.apply is not None:
            return self.apply(queryset, value)  # type: ignore[no-any-return]
        return queryset.filter(**{self.lookup: value}) if self.lookup else queryset


@dataclass(frozen=True, kw_only=True)
class Text(Parameter):
    """Text of 1 to `longest` characters."""

    longest: int = 500

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", {"type": "string", "minLength": 1, "maxLength": self.longest})

    def parse(self, raw: str) -> str:
        if not 1 <= len(raw) <= self.longest:
            raise ValueError(f"Must have 1 to {self.longest} characters.")
        return raw


def whole_number(raw: str, at_least: int, at_most: int) -> int:
    """A decimal number of plain digits within bounds. Raises ValueError saying them."""
    if raw.isascii() and raw.isdigit() and len(raw) <= 19 and at_least <= int(raw) <= at_most:
        return int(raw)
    raise ValueError(f"Must be a whole number from {at_least} to {at_most}.")


@dataclass(frozen=True, kw_only=True)
class Whole(Parameter):
    """A whole number."""

    at_least: int = 1
    at_most: int = 2**63 - 1

    def __post_init__(self) -> None:
        bounds = {"type": "integer", "minimum": self.at_least, "maximum": self.at_most}
        object.__setattr__(self, "schema", bounds)

    def parse(self, raw: str) -> int:
        return whole_number(raw, self.at_least, self.at_most)


@dataclass(frozen=True, kw_only=True)
class Flag(Parameter):
    """true or false."""

    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "boolean"})

    def parse(self, raw: str) -> bool:
        if raw not in ("true", "false"):
            raise ValueError("Must be true or false.")
        return raw == "true"


@dataclass(frozen=True, kw_only=True)
class Choices(Parameter):
    """One of some words, or several with commas; the value is a list, so `lookup` ends in `__in`."""

    among: Sequence[str]

    def __post_init__(self) -> None:
        items = {"type": "string", "enum": list(self.among)}
        object.__setattr__(self, "schema", {"type": "array", "minItems": 1, "items": items})

    def parse(self, raw: str) -> list[str]:
        words = raw.split(",")
        if not all(word in self.among for word in words):
            raise ValueError(f"Must be one or more of: {', '.join(self.among)}.")
        return words


@dataclass(frozen=True, kw_only=True)
class Choice(Parameter):
    """One of some words."""

    among: Sequence[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", {"type": "string", "enum": list(self.among)})

    def parse(self, raw: str) -> str:
        if raw not in self.among:
            raise ValueError(f"Must be one of: {', '.join(self.among)}.")
        return raw


@dataclass(frozen=True, kw_only=True)
class Instant(Parameter):
    """RFC 3339 with an offset, or a date; as the end of a range a bare date includes its day."""

    is_end: bool = False
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string", "format": "date-time"})

    def parse(self, raw: str) -> datetime:
        try:
            return parse_instant_or_date(raw, is_end=self.is_end)
        except ValueError as error:
            raise ValueError("Must be an instant such as 2026-01-31T12:00:00Z, or a date.") from error


def period(lookup: str) -> tuple[Parameter, Parameter]:
    """`startDate` (included) and `endDate` (left out) on one column; an empty `lookup` narrows nothing."""
    return (
        Instant(name="startDate", help="Only from this instant on.", lookup=f"{lookup}__gte" if lookup else ""),
        Instant(
            name="endDate", help="Only before this instant.", lookup=f"{lookup}__lt" if lookup else "", is_end=True
        ),
    )


def read(given: QueryDict, allowed: Iterable[Parameter]) -> dict[str, Any]:
    """The values given, by name. Raises Invalid naming each parameter that is wrong, unknown or given twice.

    The pointer of a query parameter is `?` and its name.
    """
    by_name = {one.name: one for one in allowed}
    values: dict[str, Any] = {}
    errors = []
    for name, raws in given.lists():
        try:
            values[name] = _value(by_name, name, raws)
        except KeyError:
            known = ", ".join(by_name) or "none"
            errors.append(FieldError(_pointer(name), "unknown", f"There is no such parameter. Parameters: {known}."))
        except ValueError as error:
            errors.append(FieldError(_pointer(name), by_name[name].code, str(error)))
    if not errors and "startDate" in values and "endDate" in values and values["startDate"] >= values["endDate"]:
        errors.append(FieldError("?endDate", "order", "Must be after startDate."))
    if errors:
        raise Invalid(errors)
    return values


def _value(by_name: Mapping[str, Parameter], name: str, raws: Sequence[str]) -> Any:
    parameter = by_name[name]
    most = MOST_REPEATS if parameter.repeats else 1
    if len(raws) > most:
        raise ValueError("Must be given once." if most == 1 else f"Must be given at most {most} times.")
    if any("\x00" in raw for raw in raws):
        raise ValueError("The NUL character is not allowed.")
    values = [parameter.parse(raw) for raw in raws]
    return values if parameter.repeats else values[0]


def _pointer(name: str) -> str:
    return "?" + name[:80].replace("\x00", "�")
