"""Many rows at once: COPY, JSON, unnest and arrays on PostgreSQL, executemany and JSON on SQLite; one function each.

Where rows are inserted or updated an instant may be given as epoch seconds: a datetime costs more than its column.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar, cast

import orjson
from django.db import connection, models
from django.db.models.expressions import RawSQL

from common.columns import PLAIN, Column, column_of, fitting
from common.epoch import micros
from common.packed import packed_rows

M = TypeVar("M", bound=models.Model)


class Within(NamedTuple):
    """A column and the least and the greatest value that it has in some rows."""

    column: str
    least: Any
    greatest: Any


def insert_rows(model: type[models.Model], fields: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Inserts `rows`, values in the order of `fields`, in the current transaction. No signals, no ids back.

    Raises Django's database errors, DataError for a value that does not fit.
    """
    if not rows:
        return
    columns = [column_of(model, name) for name in fields]
    names = ", ".join(f'"{column.name}"' for column in columns)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _copy(cast(Any, cursor), table, columns, rows)
        else:
            marks = ", ".join(["%s"] * len(columns))
            statement = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608
            cursor.executemany(statement, fitting(columns, rows))


def _copy(cursor: Any, table: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
    names = ", ".join(f'"{column.name}"' for column in columns)
    fits = any(column.fit for column in columns)
    packed = None if fits else packed_rows(table, [column.name for column in columns], rows)
    statement = f'COPY "{table}" ({names}) FROM STDIN' + (" (FORMAT BINARY)" if packed else "")
    # A COPY's errors come from the driver itself unless they are wrapped.
    with connection.wrap_database_errors, cursor.copy(statement) as copy:
        if packed:
            copy.write(packed)
            return
        for row in fitting(columns, rows):
            copy.write_row(row)


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
    columns = [column_of(model, field.name) for field in fields]
    return [
        _Told(f"c{place}", column.name, column.kind, _reader(field))
        for place, (field, column) in enumerate(zip(fields, columns, strict=True))
    ]


def _reader(field: "models.Field[Any, Any]") -> Callable[[Any], Any]:
    """A value as JSON has it: what JSON knows as itself, anything else as the text that the database reads."""
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    if type(target) in PLAIN or type(target) is models.JSONField:
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
    also: str = "",
) -> None:
    """Sets `fields` of the rows found by `key`; each row is (key, *values). One statement on PostgreSQL.

    `also` is SQL that sets other columns, `"a" = "b"`. Of a table in partitions the statement looks only at those that
    `within` leaves.
    """
    if not rows:
        return
    columns = [column_of(model, name) for name in (key, *fields)]
    table = model._meta.db_table
    fitted = fitting(columns, rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            values = [*_arrays(columns, fitted), *(within or ())[1:]]
            cursor.execute(_update_sql(table, columns, within, also), values)
        else:
            sets = ", ".join([*(f'"{column.name}" = %s' for column in columns[1:]), *filter(None, [also])])
            statement = f'UPDATE "{table}" SET {sets} WHERE "{columns[0].name}" = %s'  # noqa: S608
            cursor.executemany(statement, [(*row[1:], row[0]) for row in fitted])


def numbers(values: Iterable[int]) -> RawSQL:
    """For `__in`: one parameter of the statement, however many they are; a list costs more than the query it is in."""
    text = ",".join(map(str, values))
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", (f"{{{text}}}",))
    return RawSQL("SELECT value FROM json_each(%s)", (f"[{text}]",))


def _update_sql(table: str, columns: Sequence[Column], within: Within | None, also: str) -> str:
    sets = ", ".join([*(f'"{column.name}" = {_read(column)}' for column in columns[1:]), *filter(None, [also])])
    names = ", ".join(f'"v_{column.name}"' for column in columns)
    arrays = ", ".join(f"%s::{'bigint' if column.is_instant else column.kind}[]" for column in columns)
    key = columns[0].name
    where = f't."{key}" = "v_{key}"' + (f' AND t."{within.column}" BETWEEN %s AND %s' if within else "")
    return f'UPDATE "{table}" AS t SET {sets} FROM unnest({arrays}) AS v({names}) WHERE {where}'  # noqa: S608


def _read(column: Column) -> str:
    """A value out of its array. Instants travel as microseconds: their text takes longer at both ends."""
    if column.is_instant:
        return f"'epoch'::timestamptz + \"v_{column.name}\" * interval '1 microsecond'"
    return f'"v_{column.name}"'


def _arrays(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> list[Any]:
    """The values by column; as texts where the driver would take them as they are."""
    by_column = zip(columns, zip(*rows, strict=True), strict=True)
    return [_array(column, values) if column.fit is None else list(values) for column, values in by_column]


def _array(column: Column, values: Sequence[Any]) -> str:
    """PostgreSQL's text of an array (its manual, 8.15.6). The driver's own takes longer than the update does."""
    if column.is_text:
        quoted = {value: _quoted(value) for value in set(values)}
        return f"{{{','.join([quoted[value] for value in values])}}}"
    if column.is_instant:
        values = [None if value is None else micros(value) for value in values]
    # Numbers, booleans and nulls are written alike in JSON.
    return f"{{{orjson.dumps(values)[1:-1].decode()}}}"


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
