"""How a list of monitors is narrowed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from common.api.parameters import Choices, Flag, Parameter, Text
from common.json_lists import holding
from monitors.kinds import kinds
from monitors.models import Status


def _words(among: Iterable[str]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(among)}}


@dataclass(frozen=True, kw_only=True)
class Types(Parameter):
    """One of the types there are, or several with commas."""

    schema: dict[str, Any] = field(default_factory=lambda: _words(name for name, _ in kinds))

    def parse(self, raw: str) -> list[str]:
        words = raw.split(",")
        if not all(word in kinds for word in words):
            raise ValueError(f"Must be one or more of: {', '.join(name for name, _ in kinds)}.")
        return words


def _tagged(queryset: Any, tags: list[str]) -> Any:
    return reduce(lambda found, tag: holding(found, "tags", tag), tags, queryset)


LIST_PARAMETERS: tuple[Parameter, ...] = (
    Text(name="name", lookup="name", help="Exactly this name."),
    Types(name="type", lookup="type__in", help="Only of these types."),
    Choices(name="status", among=Status.values, lookup="state__status__in", help="Only in these states."),
    Text(name="tag", apply=_tagged, repeats=True, help="Only with this tag; given several times, with all of them."),
    Flag(name="paused", lookup="is_paused", help="Only paused ones, or only the others."),
    Text(name="externalKey", lookup="external_key", help="The one with this key."),
)
ORDERING = {
    "name": "name",
    "type": "type",
    "status": "state__status",
    "statusSince": "state__status_since",
    "intervalSeconds": "interval_seconds",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
}
