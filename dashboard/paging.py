"""A page of a list that is too long to count: it knows only whether something newer or older follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
LAST_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Window(Generic[Row]):
    """`newer_url` and `older_url` are for components/pagination.html; empty at the ends."""

    items: Sequence[Row]
    number: int
    newer_url: str
    older_url: str


def window(found: QuerySet[Row], wanted: str | None, *, size: int) -> Window[Row]:
    """The wanted page (from 1; anything else is the first) of a queryset that is newest first."""
    number = int(wanted) if wanted and wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else 1
    number = min(max(number, 1), LAST_PAGE)
    rows = list(found[(number - 1) * size : number * size + 1])
    newer = f"?page={number - 1}" if number > 1 else ""
    older = f"?page={number + 1}" if len(rows) > size else ""
    return Window(rows[:size], number, newer, older)
