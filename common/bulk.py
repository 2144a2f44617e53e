"""Many rows at once: COPY, JSON, unnest and arrays on PostgreSQL, executemany and JSON on SQLite; one function each."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar, cast

from django.db import connection, models
from django.db.models.expressions import RawSQL

M = TypeVar("M", bound=models.Model)

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


def create_rows(objects: Iterable[M], *, ignore_conflicts: bool = False) -> list[M]:
    """As `bulk_create` of objects that have no id yet: sets their ids, but for `ignore_conflicts`; sends no signals.

    On PostgreSQL one statement at a third of its cost, for the rows travel as one JSON document: arrays of texts, JSON
    among them, are quoted piece by piece.
    """
    rows = list(objects)
    if not rows:
        return rows
    model = type(rows[0])
    if connection.vendor != "postgresql":
        return model._default_manager.bulk_create(rows, ignore_conflicts=ignore_conflicts)
    fields = _told_fields(model)
    document = json.dumps([{name: value(row) for name, _, _, value in fields} for row in rows], ensure_ascii=False)
    with connection.cursor() as cursor:
        cursor.execute(_create_sql(model, ignore_conflicts), [document])
        ids = [] if ignore_conflicts else cursor.fetchall()
    for row, (id_,) in zip(rows, ids, strict=False):
        row.pk, row._state.adding, row._state.db = id_, False, connection.alias
    return rows


class _Told(NamedTuple):
    """A field in a JSON document: its short name there, its column, the column's type, and how its value is read."""

    name: str
    column: str
    kind: str
    value: Callable[[Any], Any]


@cache
def _told_fields(model: type[models.Model]) -> list[_Told]:
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns = [_column(model, field.name) for field in fields]
    return [
        _Told(f"c{place}", column.name, column.kind, _reader(field))
        for place, (field, column) in enumerate(zip(fields, columns, strict=True))
    ]


def _reader(field: "models.Field[Any, Any]") -> Callable[[Any], Any]:
    """A value as JSON has it: what JSON knows as itself, anything else as the text that the database reads."""
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    if type(target) in _PLAIN or type(target) is models.JSONField:
        return attrgetter(field.attname)
    return lambda row: _text(field.get_db_prep_save(field.pre_save(row, True), connection))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


@cache
def _create_sql(model: type[models.Model], ignore_conflicts: bool) -> str:
    fields = _told_fields(model)
    names = ", ".join(f'"{field.column}"' for field in fields)
    kinds = ", ".join(f"{field.name} {field.kind}" for field in fields)
    values = ", ".join(field.name for field in fields)
    ending = "ON CONFLICT DO NOTHING" if ignore_conflicts else f'RETURNING "{model._meta.pk.column}"'
    return (
        f'INSERT INTO "{model._meta.db_table}" ({names}) '  # noqa: S608
        f"SELECT {values} FROM json_to_recordset(%s::json) AS v({kinds}) {ending}"
    )


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
            values = [*_arrays(columns, fitting), *(within or ())[1:]]
            cursor.execute(_update_sql(table, columns, within), values)
        else:
            sets = ", ".join(f'"{column.name}" = %s' for column in columns[1:])
            statement = f'UPDATE "{table}" SET {sets} WHERE "{columns[0].name}" = %s'  # noqa: S608
            cursor.executemany(statement, [(*row[1:], row[0]) for row in fitting])


def numbers(values: Iterable[int]) -> RawSQL:
    """For `__in`: one parameter of the statement, however many they are; a list costs more than the query it is in."""
    text = ",".join(map(str, values))
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", (f"{{{text}}}",))
    return RawSQL("SELECT value FROM json_each(%s)", (f"[{text}]",))


def _update_sql(table: str, columns: Sequence[_Column], within: Within | None) -> str:
    sets = ", ".join(f'"{column.name}" = v."{column.name}"' for column in columns[1:])
    names = ", ".join(f'"{column.name}"' for column in columns)
    arrays = ", ".join(f"%s::{column.kind}[]" for column in columns)
    key = columns[0].name
    where = f't."{key}" = v."{key}"' + (f' AND t."{within.column}" BETWEEN %s AND %s' if within else "")
    return f'UPDATE "{table}" AS t SET {sets} FROM unnest({arrays}) AS v({names}) WHERE {where}'  # noqa: S608


def _arrays(columns: Sequence[_Column], rows: Sequence[Sequence[Any]]) -> list[Any]:
    """The values by column; as texts where the driver would take them as they are."""
    by_column = zip(columns, zip(*rows, strict=True), strict=True)
    return [_array(values) if column.fit is None else list(values) for column, values in by_column]


def _array(values: Iterable[Any]) -> str:
    """PostgreSQL's text of an array (its manual, 8.15.6). The driver's own takes longer than the update does."""
    return f"{{{','.join([_item(value) for value in values])}}}"


def _item(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)


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
