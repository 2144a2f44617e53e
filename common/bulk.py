"""Writes many rows at once: COPY and unnest on PostgreSQL, executemany on SQLite; one function each."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

from django.db import connection, models

# Values of these are what both drivers take; a field of our own may turn its values into something else.
_PLAIN: frozenset[type] = frozenset(
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


class Within(NamedTuple):
    """A column and the least and the greatest value that it has in some rows."""

    column: str
    least: Any
    greatest: Any


class _Column(NamedTuple):
    """A column, its type in a cast, and what makes a value fit for it; None where the driver takes it as it is."""

    name: str
    kind: str
    fit: Callable[[Any], Any] | None


def insert_rows(model: type[models.Model], fields: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Inserts `rows`, values in the order of `fields`, in the current transaction. No signals, no ids back.

    Raises Django's database errors, DataError for a value that does not fit.
    """
    if not rows:
        return
    columns = [_column(model, name) for name in fields]
    names = ", ".join(f'"{column.name}"' for column in columns)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A COPY's errors come from the driver itself unless they are wrapped.
            statement = f'COPY "{table}" ({names}) FROM STDIN'
            with connection.wrap_database_errors, cast(Any, cursor).copy(statement) as copy:
                for row in _fitting(columns, rows):
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            statement = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608
            cursor.executemany(statement, _fitting(columns, rows))


def update_rows(
    model: type[models.Model],
    key: str,
    fields: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    within: Within | None = None,
) -> None:
    """Sets `fields` of the rows found by `key`; each row is (key, *values). One statement on PostgreSQL.

    Of a table in partitions that statement looks only at those that `within` leaves.
    """
    if not rows:
        return
    columns = [_column(model, name) for name in (key, *fields)]
    table = model._meta.db_table
    fitting = _fitting(columns, rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            arrays = [list(values) for values in zip(*fitting, strict=True)]
            cursor.execute(_update_sql(table, columns, within), [*arrays, *(within or ())[1:]])
        else:
            sets = ", ".join(f'"{column.name}" = %s' for column in columns[1:])
            statement = f'UPDATE "{table}" SET {sets} WHERE "{columns[0].name}" = %s'  # noqa: S608
            cursor.executemany(statement, [(*row[1:], row[0]) for row in fitting])


def _update_sql(table: str, columns: Sequence[_Column], within: Within | None) -> str:
    sets = ", ".join(f'"{column.name}" = v."{column.name}"' for column in columns[1:])
    names = ", ".join(f'"{column.name}"' for column in columns)
    arrays = ", ".join(f"%s::{column.kind}[]" for column in columns)
    key = columns[0].name
    where = f't."{key}" = v."{key}"' + (f' AND t."{within.column}" BETWEEN %s AND %s' if within else "")
    return f'UPDATE "{table}" AS t SET {sets} FROM unnest({arrays}) AS v({names}) WHERE {where}'  # noqa: S608


def _fitting(columns: Sequence[_Column], rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    fits = [(index, column.fit) for index, column in enumerate(columns) if column.fit is not None]
    if not fits:
        return rows
    fitting = [list(row) for row in rows]
    for index, fit in fits:
        for row in fitting:
            row[index] = fit(row[index])
    return fitting


def _column(model: type[models.Model], name: str) -> _Column:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    kind = target.db_type(connection) or "text"
    kind = {"bigserial": "bigint", "serial": "integer"}.get(kind, kind)
    assert field.column is not None
    return _Column(field.column, kind.split(" GENERATED")[0].split(" CHECK")[0], _fit(target))


def _fit(field: "models.Field[Any, Any]") -> Callable[[Any], Any] | None:
    """SQLite's driver would write an instant in another spelling than Django, which no longer compares as text."""
    plain = {*_PLAIN, models.DateTimeField} if connection.vendor == "postgresql" else _PLAIN
    return None if type(field) in plain else lambda value: field.get_db_prep_save(value, connection)
