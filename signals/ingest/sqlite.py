"""Stores pings in SQLite: one IMMEDIATE transaction a batch, by one thread with a connection of its own."""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from monitors.status import DEADLINE_BUFFER
from signals.ingest.ping import Ping
from signals.ingest.store import SAME_WITHIN, Outcome, StoreUnavailable

_INSERT = """INSERT INTO signals_signal (id, heartbeat_id, type, created_at, source_ip, user_agent, method, payload,
    payload_is_json, exit_status, rid, metadata) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '{}')"""
_STEADY = """UPDATE signals_heartbeatstate SET last_ping_at = ?, last_ping_digest = ?, next_due_at = ?,
    attention_at = ?, settled_signal_id = ? WHERE heartbeat_id = ?"""
_OTHER = """UPDATE signals_heartbeatstate SET last_ping_at = ?, last_ping_digest = ?, is_steady = 0,
    attention_at = ? WHERE heartbeat_id = ?"""
_STATES = """SELECT heartbeat.token, state.heartbeat_id, state.is_steady, state.interval_seconds, state.last_ping_at,
    state.last_ping_digest, state.next_due_at, state.attention_at
    FROM signals_heartbeat heartbeat JOIN signals_heartbeatstate state ON state.heartbeat_id = heartbeat.monitor_id
    WHERE heartbeat.token IN ({marks})"""
_EARLIER = """SELECT 1 FROM signals_signal WHERE heartbeat_id = ? AND created_at > ? AND type = ? AND payload = ?
    AND source_ip IS ? AND rid IS ? AND exit_status IS ? LIMIT 1"""


class SqliteStore:
    """One writer thread: many would wait for each other by polling."""

    def __init__(self, database: dict[str, Any]) -> None:
        self._name = str(database["NAME"])
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ping-writer")
        self._connection: sqlite3.Connection | None = None

    async def write(self, pings: Sequence[Ping]) -> list[Outcome | None]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._write, pings)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _write(self, pings: Sequence[Ping]) -> list[Outcome | None]:
        connection = self._connected()
        try:
            connection.execute("BEGIN IMMEDIATE")
            outcomes = _Batch(connection, pings).store()
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise StoreUnavailable(str(error)) from error
            raise
        return outcomes

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            is_uri = self._name.startswith("file:")
            connection = sqlite3.connect(self._name, timeout=20, isolation_level=None, uri=is_uri)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-20000", "mmap_size=134217728"):
                connection.execute(f"PRAGMA {pragma}")
            self._connection = connection
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _State:
    """One heartbeat's row while a batch is stored."""

    def __init__(self, row: tuple[Any, ...]) -> None:
        _, self.id, is_steady, self.interval_seconds, last_ping_at, self.digest, due_at, attention_at = row
        self.is_steady, self.stored_digest = bool(is_steady), self.digest
        self.last_ping_at, self.next_due_at = _instant(last_ping_at), _instant(due_at)
        self.stored_at = self.last_ping_at
        self.attention_at = _instant(attention_at)
        self.first_at: datetime | None = None
        self.signal_id = 0


class _Batch:
    """The pings of one transaction."""

    def __init__(self, connection: sqlite3.Connection, pings: Sequence[Ping]) -> None:
        self.connection = connection
        self.pings = pings
        self.states = self._read_states()
        self.rows: list[tuple[Any, ...]] = []
        self.next_id = self._last_id() + 1

    def store(self) -> list[Outcome | None]:
        taken = [self._take(ping) for ping in self.pings]
        self.connection.executemany(_INSERT, self.rows)
        touched = [state for state in self.states.values() if state.signal_id]
        self.connection.executemany(_STEADY, [_steady(state) for state in touched if state.is_steady])
        self.connection.executemany(_OTHER, [_other(state) for state in touched if not state.is_steady])
        return [
            Outcome(state.id, signal_id, signal_id is not None and not state.is_steady) if state else None
            for state, signal_id in taken
        ]

    def _read_states(self) -> dict[str, _State]:
        tokens = list({ping.token for ping in self.pings})
        marks = ", ".join("?" * len(tokens))
        return {row[0]: _State(row) for row in self.connection.execute(_STATES.format(marks=marks), tokens)}

    def _last_id(self) -> int:
        row = self.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'signals_signal'").fetchone()
        return row[0] if row else 0

    def _take(self, ping: Ping) -> tuple[_State | None, int | None]:
        state = self.states.get(ping.token)
        if state is None or self._is_repeated(state, ping):
            return state, None
        signal_id, self.next_id = self.next_id, self.next_id + 1
        rid = ping.rid.hex if ping.rid else None
        self.rows.append((signal_id, state.id, ping.type, _text(ping.created_at), ping.source_ip, ping.user_agent,
                          ping.method, ping.payload, ping.payload_is_json, ping.exit_status, rid))  # fmt: skip
        state.signal_id, state.digest = signal_id, ping.digest
        state.is_steady = state.is_steady and ping.is_plain
        state.first_at = min(state.first_at or ping.created_at, ping.created_at)
        state.last_ping_at = max(state.last_ping_at or ping.created_at, ping.created_at)
        return state, signal_id

    def _is_repeated(self, state: _State, ping: Ping) -> bool:
        if state.stored_at is None or abs(ping.created_at - state.stored_at) >= SAME_WITHIN:
            return False
        if state.stored_digest == ping.digest:
            return True
        since = _text(ping.created_at - SAME_WITHIN)
        rid = ping.rid.hex if ping.rid else None
        values = (state.id, since, ping.type, ping.payload, ping.source_ip, rid, ping.exit_status)
        return self.connection.execute(_EARLIER, values).fetchone() is not None


def _steady(state: _State) -> tuple[Any, ...]:
    assert state.last_ping_at is not None
    due_at = state.last_ping_at + timedelta(seconds=state.interval_seconds)
    due_at = max(due_at, state.next_due_at or due_at)
    return (_text(state.last_ping_at), state.digest, _text(due_at), _text(due_at + DEADLINE_BUFFER),
            state.signal_id, state.id)  # fmt: skip


def _other(state: _State) -> tuple[Any, ...]:
    assert state.last_ping_at is not None
    assert state.first_at is not None
    attention_at = min(state.first_at, state.attention_at or state.first_at)
    return _text(state.last_ping_at), state.digest, _text(attention_at), state.id


def _text(instant: datetime) -> str:
    """As Django writes an instant: naive, in UTC."""
    return str(instant.replace(tzinfo=None))


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
