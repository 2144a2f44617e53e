"""Whether a column holds one of many whole numbers: one parameter of the statement, however many they are."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler


class Among(models.Func):
    """A condition for `filter`; PostgreSQL looks each number up in the column's index, as it does for a plain list."""

    output_field = models.BooleanField()

    def __init__(self, column: str, numbers: Iterable[int]) -> None:
        super().__init__(models.F(column))
        self._listed = ",".join(map(str, numbers))

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        column, values = compiler.compile(self.source_expressions[0])
        return f"{column} = ANY(%s::bigint[])", (*values, f"{{{self._listed}}}")

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        column, values = compiler.compile(self.source_expressions[0])
        return f"{column} IN (SELECT value FROM json_each(%s))", (*values, f"[{self._listed}]")  # noqa: S608
