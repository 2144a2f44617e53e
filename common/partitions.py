"""Day partitions of a table on PostgreSQL: made ahead, filled from the default one, dropped when they are old."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

log = logging.getLogger(__name__)
DAYS_AHEAD = 7
# Making and dropping one waits for readers and holds up writers meanwhile: so long at most, or the next hour does it.
# Whoever must never fail, as a ping, waits longer than that for its own locks.
_PATIENCE = "2s"


@dataclass(frozen=True, slots=True)
class DayPartitions:
    """Those of `table`, by the day of `column` in UTC; the default one takes what no other has a place for.

    Nothing happens where the database has no partitions, or the table is not there in partitions yet.
    """

    table: str
    column: str

    @property
    def default(self) -> str:
        """The partition of all days that have none."""
        return f"{self.table}_default"

    def tend(self, *, now: datetime, keep_from: datetime | None = None, using: str = "default") -> None:
        """Makes the partitions of today and the coming week, drops those that end at or before `keep_from`."""
        connection = connections[using]
        if not self._is_there(connection):
            return
        today, there = now.astimezone(UTC).date(), self.days_there(using=using)
        for offset in range(DAYS_AHEAD + 1):
            if (day := today + timedelta(days=offset)) not in there:
                self._try(connection, self._make, day)
        for day in there:
            if keep_from is not None and _midnight(day) + timedelta(days=1) <= keep_from:
                self._try(connection, self._drop, day)

    def days_there(self, *, using: str = "default") -> list[date]:
        """Days that have a partition, oldest first."""
        with connections[using].cursor() as cursor:
            cursor.execute(
                "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
                " WHERE i.inhparent = to_regclass(%s)",
                [self.table],
            )
            names = [re.fullmatch(rf"{self.table}_(\d{{8}})", name) for (name,) in cursor.fetchall()]
        return sorted(datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=UTC).date() for found in names if found)

    def delete_strays(self, *, before: datetime, using: str = "default") -> int:
        """Deletes old rows that no day had a partition for; returns how many."""
        with connections[using].cursor() as cursor:
            cursor.execute(f'DELETE FROM "{self.default}" WHERE "{self.column}" < %s', [before])  # noqa: S608
            return int(cursor.rowcount)

    def _is_there(self, connection: BaseDatabaseWrapper) -> bool:
        if connection.vendor != "postgresql":
            return False
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_class WHERE oid = to_regclass(%s) AND relkind = 'p'", [self.table])
            return cursor.fetchone() is not None

    def _try(
        self, connection: BaseDatabaseWrapper, act: Callable[[BaseDatabaseWrapper, date], None], day: date
    ) -> None:
        try:
            with self._patient(connection):
                act(connection, day)
        except OperationalError as error:
            log.warning("%s is left for the next hour: %s", self._name(day), error)

    @contextmanager
    def _patient(self, connection: BaseDatabaseWrapper) -> Iterator[None]:
        with transaction.atomic(using=connection.alias):
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'; SET LOCAL statement_timeout = '{_PATIENCE}'")
                # Another process may be at it.
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [self.table])
            yield

    def _make(self, connection: BaseDatabaseWrapper, day: date) -> None:
        """Rows that came before their partition move into it, for it cannot be attached while the default has them."""
        name, bounds = self._name(day), [_midnight(day), _midnight(day) + timedelta(days=1)]
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s)", [name])
            if cursor.fetchone()[0] is not None:
                return
            cursor.execute(f'CREATE TABLE "{name}" (LIKE "{self.table}" INCLUDING DEFAULTS INCLUDING CONSTRAINTS)')
            cursor.execute(f'LOCK TABLE "{self.default}" IN ACCESS EXCLUSIVE MODE')
            cursor.execute(
                f'WITH moved AS (DELETE FROM "{self.default}"'  # noqa: S608
                f' WHERE "{self.column}" >= %s AND "{self.column}" < %s RETURNING *)'
                f' INSERT INTO "{name}" SELECT * FROM moved',
                bounds,
            )
            since, until = (bound.isoformat() for bound in bounds)
            cursor.execute(
                f"ALTER TABLE \"{self.table}\" ATTACH PARTITION \"{name}\" FOR VALUES FROM ('{since}') TO ('{until}')"
            )

    def _drop(self, connection: BaseDatabaseWrapper, day: date) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP TABLE IF EXISTS "{self._name(day)}"')

    def _name(self, day: date) -> str:
        return f"{self.table}_{day:%Y%m%d}"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
