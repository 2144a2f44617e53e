"""Stores pings in PostgreSQL: one autocommit statement a batch, on a connection of its own."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from monitors.status import DEADLINE_BUFFER
from signals.ingest.ping import Ping
from signals.ingest.store import SAME_WITHIN, Outcome, StoreUnavailable

log = logging.getLogger(__name__)

# Locks in order of id: two processes with the same heartbeats in their batches cannot deadlock. The row is read under
# its lock, so what another process has just stored is seen; ids are drawn after that, so they grow per heartbeat.
_STATEMENT = f"""
WITH ping AS MATERIALIZED (
    SELECT * FROM unnest(
        %(position)s::int[], %(token)s::text[], %(type)s::text[], %(created_at)s::timestamptz[], %(source_ip)s::text[],
        %(user_agent)s::text[], %(method)s::text[], %(payload)s::text[], %(payload_is_json)s::bool[],
        %(exit_status)s::int[], %(rid)s::text[], %(is_plain)s::bool[], %(digest)s::bigint[]
    ) AS ping (position, token, type, created_at, source_ip, user_agent, method, payload, payload_is_json,
               exit_status, rid, is_plain, digest)
), target AS MATERIALIZED (
    SELECT ping.position, heartbeat.monitor_id FROM ping JOIN signals_heartbeat heartbeat USING (token)
), state AS MATERIALIZED (
    SELECT heartbeat_id, is_steady, last_ping_at, last_ping_digest FROM signals_heartbeatstate
    WHERE heartbeat_id = ANY(ARRAY(SELECT monitor_id FROM target)) ORDER BY heartbeat_id FOR NO KEY UPDATE
), fresh AS MATERIALIZED (
    SELECT nextval('signals_signal_id_seq') AS id, one.* FROM (
        SELECT ping.*, state.heartbeat_id, state.is_steady
        FROM ping JOIN target USING (position) JOIN state ON state.heartbeat_id = target.monitor_id
        WHERE NOT coalesce(
            abs(extract(epoch FROM ping.created_at - state.last_ping_at)) < {SAME_WITHIN.total_seconds()} AND (
                state.last_ping_digest = ping.digest OR EXISTS (
                    SELECT 1 FROM signals_signal earlier WHERE earlier.heartbeat_id = state.heartbeat_id
                    AND earlier.created_at > ping.created_at - interval '{SAME_WITHIN.total_seconds()} seconds'
                    AND earlier.created_at >= timestamptz '<first> 00:00+00'
                    AND earlier.created_at < timestamptz '<after> 00:00+00'
                    AND earlier.source_ip IS NOT DISTINCT FROM ping.source_ip::inet AND earlier.payload = ping.payload
                    AND earlier.rid IS NOT DISTINCT FROM ping.rid::uuid AND earlier.type = ping.type
                    AND earlier.exit_status IS NOT DISTINCT FROM ping.exit_status
                )
            ), false)
        ORDER BY ping.position
    ) one
), stored AS (
    INSERT INTO signals_signal (id, heartbeat_id, type, created_at, source_ip, user_agent, method, payload,
                                payload_is_json, exit_status, rid, metadata)
    SELECT id, heartbeat_id, type, created_at, source_ip::inet, user_agent, method, payload,
           payload_is_json, exit_status, rid::uuid, '{{}}' FROM fresh ORDER BY id
), news AS MATERIALIZED (
    SELECT heartbeat_id, max(id) AS signal_id, max(created_at) AS last_at, min(created_at) AS first_at,
           bool_and(is_plain AND is_steady) AS is_plain, (array_agg(digest ORDER BY id DESC))[1] AS digest
    FROM fresh GROUP BY heartbeat_id
), moved AS (
    UPDATE signals_heartbeatstate AS row SET
        last_ping_at = greatest(row.last_ping_at, news.last_at),
        last_ping_digest = news.digest,
        is_steady = news.is_plain,
        next_due_at = CASE WHEN news.is_plain
            THEN greatest(row.next_due_at, news.last_at + row.interval_seconds * interval '1 second')
            ELSE row.next_due_at END,
        attention_at = CASE WHEN news.is_plain
            THEN greatest(row.next_due_at, news.last_at + row.interval_seconds * interval '1 second')
                 + interval '{DEADLINE_BUFFER.total_seconds()} seconds'
            ELSE least(row.attention_at, news.first_at) END,
        settled_signal_id = CASE WHEN news.is_plain THEN news.signal_id ELSE row.settled_signal_id END
    FROM news WHERE row.heartbeat_id = news.heartbeat_id
)
SELECT target.position, state.heartbeat_id, fresh.id, fresh.id IS NOT NULL AND NOT news.is_plain
FROM target JOIN state ON state.heartbeat_id = target.monitor_id
LEFT JOIN fresh USING (position) LEFT JOIN news ON news.heartbeat_id = fresh.heartbeat_id
"""  # noqa: S608
COLUMNS = ("token", "type", "created_at", "source_ip", "user_agent", "method", "payload", "payload_is_json",
           "exit_status", "rid", "is_plain", "digest")  # fmt: skip
# A row that somebody holds for long must not hold back everybody's pings: the batch is then tried one by one.
_OPTIONS = "-c lock_timeout=3000 -c statement_timeout=10000"


# The days stand in its text: a signal is looked for in their partitions only, and the others are not even locked.
@lru_cache(maxsize=8)
def statement(first: date, last: date) -> str:
    """What stores a batch whose pings, and those that they may repeat, came from day `first` to `last`, in UTC."""
    return _STATEMENT.replace("<first>", f"{first}").replace("<after>", f"{last + timedelta(days=1)}")


def conninfo(database: dict[str, Any]) -> dict[str, Any]:
    """libpq's parameters for Django's settings of a database."""
    named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    given = {key: database.get(name) for key, name in named.items()}
    options = {key: value for key, value in (database.get("OPTIONS") or {}).items() if isinstance(value, str)}
    return {**options, **{key: value for key, value in given.items() if value}}


class PostgresStore:
    """One connection, opened when first needed and again after it breaks."""

    def __init__(self, database: dict[str, Any]) -> None:
        self._conninfo = conninfo(database)
        self._connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None

    async def write(self, pings: Sequence[Ping]) -> list[Outcome | None]:
        try:
            connection = await self._connected()
            cursor = await connection.execute(statement(*_days(pings)), _arrays(pings), prepare=True)
            rows = await cursor.fetchall()
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            if self._connection is None or self._connection.broken or self._connection.closed:
                await self.close()
                raise StoreUnavailable(str(error)) from error
            raise
        outcomes: list[Outcome | None] = [None] * len(pings)
        for position, heartbeat_id, signal_id, needs_settling in rows:
            outcomes[position] = Outcome(heartbeat_id, signal_id, needs_settling)
        return outcomes

    async def _connected(self) -> "psycopg.AsyncConnection[tuple[Any, ...]]":
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                **self._conninfo, autocommit=True, row_factory=tuple_row, connect_timeout=5, options=_OPTIONS,
                application_name="websignal pings",
            )  # fmt: skip
        return self._connection

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.shield(connection.close())


def _days(pings: Sequence[Ping]) -> tuple[date, date]:
    instants = [ping.created_at for ping in pings]
    return _day(min(instants) - SAME_WITHIN), _day(max(instants) + SAME_WITHIN)


def _day(instant: datetime) -> date:
    return instant.astimezone(UTC).date()


def _arrays(pings: Sequence[Ping]) -> dict[str, Any]:
    arrays: dict[str, Any] = {name: [getattr(ping, name) for ping in pings] for name in COLUMNS}
    arrays["rid"] = [str(rid) if rid else None for rid in arrays["rid"]]
    return arrays | {"position": list(range(len(pings)))}
