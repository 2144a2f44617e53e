"""Day partitions of raw results on PostgreSQL: made ahead, filled from the default one, dropped when they are old."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from django.db import OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

log = logging.getLogger(__name__)
TABLE = "monitors_result"
DEFAULT = f"{TABLE}_default"
DAYS_AHEAD = 7
_NAME = re.compile(rf"^{TABLE}_(\d{{8}})$")
# Making and dropping one waits for readers and holds up writers meanwhile: so long at most, or the next hour does it.
_PATIENCE = "2s"


def tend(*, now: datetime, keep_from: datetime | None = None, using: str = "default") -> None:
    """Makes the partitions of today and the coming week, drops those that end at or before `keep_from`.

    Nothing happens where the database has no partitions.
    """
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    today, there = now.astimezone(UTC).date(), days_there(using=using)
    for offset in range(DAYS_AHEAD + 1):
        if (day := today + timedelta(days=offset)) not in there:
            _try(connection, _make, day)
    for day in there:
        if keep_from is not None and _midnight(day) + timedelta(days=1) <= keep_from:
            _try(connection, _drop, day)


def days_there(*, using: str = "default") -> list[date]:
    """Days that have a partition, oldest first."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = to_regclass(%s)",
            [TABLE],
        )
        names = [_NAME.match(name) for (name,) in cursor.fetchall()]
    return sorted(datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=UTC).date() for found in names if found)


def delete_strays(*, before: datetime, using: str = "default") -> int:
    """Deletes old rows that no day had a partition for; returns how many."""
    with connections[using].cursor() as cursor:
        cursor.execute(f'DELETE FROM "{DEFAULT}" WHERE scheduled_at < %s', [before])  # noqa: S608
        return int(cursor.rowcount)


def _try(connection: BaseDatabaseWrapper, act: Callable[[BaseDatabaseWrapper, date], None], day: date) -> None:
    try:
        with _patient(connection):
            act(connection, day)
    except OperationalError as error:
        log.warning("Partition of %s is left for the next hour: %s", day, error)


@contextmanager
def _patient(connection: BaseDatabaseWrapper) -> Iterator[None]:
    with transaction.atomic(using=connection.alias):
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
        yield


def _make(connection: BaseDatabaseWrapper, day: date) -> None:
    """Rows that came before their partition move into it, for it cannot be attached while the default one has them."""
    name, bounds = _name(day), [_midnight(day), _midnight(day) + timedelta(days=1)]
    with connection.cursor() as cursor:
        # Another process may be at it.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [TABLE])
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is not None:
            return
        cursor.execute(f'CREATE TABLE "{name}" (LIKE "{TABLE}" INCLUDING DEFAULTS INCLUDING CONSTRAINTS)')
        cursor.execute(f'LOCK TABLE "{DEFAULT}" IN ACCESS EXCLUSIVE MODE')
        cursor.execute(
            f'WITH moved AS (DELETE FROM "{DEFAULT}" WHERE scheduled_at >= %s AND scheduled_at < %s RETURNING *)'  # noqa: S608
            f' INSERT INTO "{name}" SELECT * FROM moved',
            bounds,
        )
        since, until = (bound.isoformat() for bound in bounds)
        cursor.execute(
            f"ALTER TABLE \"{TABLE}\" ATTACH PARTITION \"{name}\" FOR VALUES FROM ('{since}') TO ('{until}')"
        )


def _drop(connection: BaseDatabaseWrapper, day: date) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'DROP TABLE IF EXISTS "{_name(day)}"')


def _name(day: date) -> str:
    return f"{TABLE}_{day:%Y%m%d}"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
