"""A lock that one process of many holds, for as long as it lives."""

import logging
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection

log = logging.getLogger(__name__)
ASK_EVERY_SECONDS = 2.0


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """Waits until no other process holds `name`. PostgreSQL frees it when the holder's connection ends.

    SQLite is for one process (a production check), so there is nothing to wait for.
    """
    if connection.vendor != "postgresql":
        yield
        return
    key = zlib.crc32(name.encode())
    said = False
    while not _try(key):
        if not said:
            log.info("Another process is %s; standing by", name)
            said = True
        time.sleep(ASK_EVERY_SECONDS)
    log.info("This process is %s", name)
    yield


def still_held() -> bool:
    """Whether the connection that holds the lock is alive; raises the database's error when it is not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _try(key: int) -> bool:
    """Whether the lock is ours now; while the database is away it is not, and a connection is made anew."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
            return bool(cursor.fetchone()[0])
    except OperationalError as error:
        log.warning("The database does not answer: %s", error)
        connection.close()
        return False
