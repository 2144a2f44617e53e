"""What a database said to a query: rows in JSON's terms, within bounds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_ROWS = 100
MOST_BYTES = 262_144  # of everything a database sends in one check


class SqlError(Exception):
    """The database refused a login or a query; the text is its own, or says what of its protocol is not known."""


@dataclass(slots=True)
class Rows:
    """A query's first rows, each a column's name and value."""

    columns: list[tuple[str, str]] = field(default_factory=list)  # name, and integer number boolean or text
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, values: Sequence[bytes | None]) -> None:
        """Take one row; past a hundred they are dropped."""
        if len(self.rows) < MOST_ROWS:
            pairs = zip(self.columns, values, strict=False)
            self.rows.append({name: _value(kind, value) for (name, kind), value in pairs})


def _value(kind: str, value: bytes | None) -> Any:
    if value is None:
        return None
    text = value.decode("utf-8", "replace")
    try:
        if kind == "integer":
            return int(text) if abs(int(text)) < 2**63 else text
        if kind == "number":
            number = float(text)
            return number if number - number == 0 else text  # JSON has neither infinity nor NaN
    except ValueError:
        return text
    return text == "t" if kind == "boolean" else text
