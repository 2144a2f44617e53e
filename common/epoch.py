"""Instants as epoch seconds, for where thousands a second would cost more as datetimes than all else done to them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

_PER_SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: float | datetime) -> int:
    """An instant, or epoch seconds, as whole microseconds since 1970; rounded as `datetime.fromtimestamp` does."""
    if isinstance(at, datetime):
        since = at - _EPOCH
        return (since.days * 86_400 + since.seconds) * _PER_SECOND + since.microseconds
    whole = int(at)
    return whole * _PER_SECOND + round((at - whole) * _PER_SECOND)


def as_stored(epoch_seconds: float) -> float:
    """The instant as both databases keep it and `EpochSeconds` reads it: to the microsecond."""
    return micros(epoch_seconds) / _PER_SECOND


class EpochSeconds(models.Func):
    """An instant out of the database as epoch seconds, exact to the microsecond."""

    template = "date_part('epoch', %(expressions)s)"
    output_field = models.FloatField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """Its own functions know milliseconds only: the driver's datetime is turned."""
        return self.as_sql(compiler, connection, template="%(expressions)s", **extra)

    def get_db_converters(self, connection: BaseDatabaseWrapper) -> list[Callable[..., Any]]:
        return [_of_naive] if connection.vendor == "sqlite" else []


class WholeSeconds(models.Func):
    """An instant as whole epoch seconds, rounded down, to count with in the database.

    Django's own truncations call back into Python for each row of SQLite.
    """

    output_field = models.BigIntegerField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)", **extra
        )

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        whole = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint"
        return self.as_sql(compiler, connection, template=whole, **extra)


def _of_naive(value: datetime | None, *_: Any) -> float | None:
    return None if value is None else value.replace(tzinfo=UTC).timestamp()
