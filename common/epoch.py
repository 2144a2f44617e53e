"""Instants as whole seconds, computed by the database."""

from typing import Any

from django.db.models import BigIntegerField, Func


class EpochSeconds(Func):
    """Whole seconds from 1970 to the instant of a column, rounded down: thousands of rows need not become datetimes.

    Django's own truncations call back into Python for each row of SQLite.
    """

    arity = 1
    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)")

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint")
