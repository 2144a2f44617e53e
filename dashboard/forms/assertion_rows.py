"""Assertions as rows of a form: what to look at, how to compare it, with what. A blank row asks for nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from common.invalid import FieldError
from monitors.probes.comparisons import number_of, text_of
from monitors.probes.schema import Field

BLANK_ROWS, MOST_ROWS = 2, 20
PARTS = ("source", "property", "comparison", "target")
_LISTS = frozenset({"in", "not_in", "between"})
_NUMBERS = frozenset({"greater_than", "less_than", "between"})


@dataclass(slots=True)
class Row:
    """One row as it is shown."""

    number: int
    source: str = ""
    property: str = ""
    comparison: str = ""
    target: str = ""
    errors: list[str] = field(default_factory=list)


class Rows:
    """The rows of one form: `stored` assertions, or what was posted. Empty for a type that takes none."""

    def __init__(self, fields: Sequence[Field], data: Mapping[str, Any] | None, stored: Sequence[Mapping[str, Any]]):
        schema = next((one.fields for one in fields if one.name == "assertions"), ())
        choices = {one.name: one.choices for one in schema}
        self.sources = choices.get("source", ())
        self.comparisons = choices.get("comparison", ())
        self.was_posted = data is not None and "assertion-count" in data
        self.rows = list(_posted(data) if data is not None and self.was_posted else _stored(stored))
        blank = range(len(self.rows), min(len(self.rows) + BLANK_ROWS, MOST_ROWS))
        self.shown = [*self.rows, *(Row(number) for number in blank)]

    @property
    def errors(self) -> list[str]:
        return [error for row in self.rows for error in row.errors]

    @property
    def count(self) -> int:
        return len(self.shown)

    def assertions(self, kept: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What the rows say; where none were posted, what was `kept`."""
        if not self.was_posted:
            return [dict(one) for one in kept]
        texts = {_texts(one): one for one in kept}
        return [dict(texts.get(_key(row)) or _assertion(row)) for row in self.rows]

    def take_error(self, error: FieldError, before: int) -> bool:
        """Put an error to its row, where it belongs to one; `before` assertions stand ahead of the rows."""
        _, first, *rest = [*error.pointer.split("/"), ""]
        if first != "assertions" or not self.was_posted or not rest or not rest[0].isdigit():
            return False
        place = int(rest[0]) - before
        if not 0 <= place < len(self.rows):
            return False
        self.rows[place].errors.append(error.detail)
        return True


def _posted(data: Mapping[str, Any]) -> Iterator[Row]:
    count = str(data.get("assertion-count", "0"))
    number = 0
    for place in range(min(int(count), MOST_ROWS) if count.isascii() and count.isdigit() else 0):
        source, name, comparison, target = (str(data.get(f"assertion-{place}-{part}", "")).strip() for part in PARTS)
        if source:
            yield Row(number, source, name, comparison, target)
            number += 1


def _stored(stored: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for number, one in enumerate(stored):
        source, name, comparison, target = _texts(one)
        yield Row(number, source, name, comparison, target)


def _key(row: Row) -> tuple[str, str, str, str]:
    return row.source, row.property, row.comparison, row.target


def _texts(one: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """An assertion as its row shows it; one that is posted back as it was shown keeps its types."""
    target = one.get("target")
    if isinstance(target, list):
        text = ", ".join(text_of(part) for part in target)
    else:
        text = "" if target is None else text_of(target)
    return str(one["source"]), str(one.get("property") or ""), str(one["comparison"]), text.strip()


def _assertion(row: Row) -> dict[str, Any]:
    return {
        "source": row.source,
        "property": row.property or None,
        "comparison": row.comparison,
        "target": _target(row.comparison, row.target),
    }


def _target(comparison: str, text: str) -> Any:
    if comparison == "exists":
        return text.lower() not in ("false", "no")
    words = [word.strip() for word in text.split(",")] if comparison in _LISTS else [text]
    values = [_number(word) for word in words] if comparison in _NUMBERS else words
    return values if comparison in _LISTS else values[0]


def _number(word: str) -> Any:
    value = number_of(word)
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return word
    return int(value) if value.is_integer() else value
