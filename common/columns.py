"""A model's columns as statements over many rows need them: how a value is cast, and what makes it fit."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection, models

# Values of these are what both drivers take; a field of our own may turn its values into something else.
PLAIN: frozenset[type] = frozenset(
    {
        models.BigAutoField,
        models.BigIntegerField,
        models.BooleanField,
        models.CharField,
        models.FloatField,
        models.IntegerField,
        models.PositiveBigIntegerField,
        models.PositiveIntegerField,
        models.PositiveSmallIntegerField,
        models.TextField,
    }
)


class Column(NamedTuple):
    """A column, its type in a cast, and what makes a value fit for it; None where the driver takes it as it is."""

    name: str
    kind: str
    fit: Callable[[Any], Any] | None

    @property
    def is_text(self) -> bool:
        return self.kind.startswith(("varchar", "text"))

    @property
    def is_instant(self) -> bool:
        return self.kind == "timestamp with time zone" and self.fit is None


def column_of(model: type[models.Model], name: str) -> Column:
    """The column of a field. Raises FieldDoesNotExist."""
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    kind = target.db_type(connection) or "text"
    kind = {"bigserial": "bigint", "serial": "integer"}.get(kind, kind)
    assert field.column is not None
    return Column(field.column, kind.split(" GENERATED")[0].split(" CHECK")[0], _fit(target))


def fitting(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """The rows with each value as the driver takes it; they themselves where that is all of them."""
    fits = [(index, column.fit) for index, column in enumerate(columns) if column.fit is not None]
    if not fits:
        return rows
    found = [list(row) for row in rows]
    for index, fit in fits:
        for row in found:
            row[index] = fit(row[index])
    return found


def _fit(field: "models.Field[Any, Any]") -> Callable[[Any], Any] | None:
    """SQLite's driver would write an instant in another spelling than Django, which no longer compares as text."""
    if type(field) in (PLAIN | {models.DateTimeField} if connection.vendor == "postgresql" else PLAIN):
        return None
    if type(field) is models.DateTimeField:
        return lambda value: field.get_db_prep_save(_as_datetime(value), connection)
    return lambda value: field.get_db_prep_save(value, connection)


def _as_datetime(value: float | datetime | None) -> datetime | None:
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else value
