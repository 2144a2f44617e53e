"""The `ordering` parameter of lists."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from common.api.parameters import Parameter


@dataclass(frozen=True, kw_only=True)
class Ordering(Parameter):
    """Fields with commas, each perhaps with `-` before it; the value is a list for `order_by`."""

    columns: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        words = [sign + name for name in self.columns for sign in ("", "-")]
        schema = {"type": "array", "minItems": 1, "items": {"type": "string", "enum": words}}
        object.__setattr__(self, "schema", schema)

    def parse(self, raw: str) -> list[str]:
        words = raw.split(",")
        if not all(word.removeprefix("-") in self.columns for word in words):
            raise ValueError(f"Must be among: {', '.join(self.columns)}; `-` before one reverses it.")
        return [("-" if word.startswith("-") else "") + self.columns[word.removeprefix("-")] for word in words]


def ordering(columns: Mapping[str, str]) -> Ordering:
    """The parameter for these columns (name in the API to a column)."""
    return Ordering(
        name="ordering",
        help=f"Fields with commas, `-` before one reverses it: {', '.join(columns)}.",
        columns=columns,
    )
