"""PostgreSQL's wire protocol 3.0, as far as one read-only query needs it."""

import hashlib
import struct
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from monitors.probes.operations import Operation
from monitors.probes.scram import Scram
from monitors.probes.sql_answer import MOST_ROWS, Rows, SqlError
from monitors.probes.stream import Stream

_PROTOCOL, _SSL_REQUEST = 196_608, 80_877_103
_KINDS = {16: "boolean", 20: "integer", 21: "integer", 23: "integer", 26: "integer"} | dict.fromkeys(
    (700, 701, 1700), "number"
)
_OK, _CLEAR, _MD5, _SASL, _SASL_CONTINUE, _SASL_FINAL = 0, 3, 5, 10, 11, 12
_SAID = frozenset(b"123ACDEGHIKNRSTVWZcnstv")  # the messages of a server, by their first byte
_MOST_MESSAGES = 2_000


@dataclass(frozen=True, slots=True)
class Login:
    """Who asks what database."""

    username: str
    password: str
    database: str


def request_tls(stream: Stream) -> Generator[Operation, Any, bool]:
    """Ask for TLS; returns whether the server agrees, and the handshake is to begin."""
    yield from stream.send(struct.pack(">II", 8, _SSL_REQUEST))
    return bool((yield from stream.take(1)) == b"S")


def log_in(stream: Stream, login: Login, *, is_secure: bool) -> Generator[Operation, Any, str]:
    """Start a session; returns the server's version. Raises SqlError."""
    names = {"user": login.username, "database": login.database, "application_name": "websignal"}
    pairs = b"".join(_text(name) + _text(value) for name, value in names.items() if value)
    body = struct.pack(">I", _PROTOCOL) + pairs + b"\0"
    yield from stream.send(struct.pack(">I", len(body) + 4) + body)
    version, scram = "", None
    for _ in range(_MOST_MESSAGES):
        kind, data = yield from _next(stream)
        if kind == b"R":
            scram = yield from _prove(stream, login, data, scram, is_secure)
        elif kind == b"S" and data.startswith(b"server_version\0"):
            version = data.split(b"\0")[1].decode("utf-8", "replace")
        elif kind == b"Z":
            return version
    raise SqlError("it does not finish the login")


def query(stream: Stream, text: str, milliseconds: int) -> Generator[Operation, Any, Rows]:
    """Run one statement in a transaction that may only read, and return its first rows. Raises SqlError."""
    begin = f"BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = {milliseconds}"
    yield from stream.send(_message(b"Q", _text(begin)))
    yield from _until_ready(stream, Rows())
    # The extended protocol takes one statement only: nobody ends our transaction and begins another.
    yield from stream.send(
        _message(b"P", b"\0" + _text(text) + bytes(2))
        + _message(b"B", bytes(2) + bytes(6))
        + _message(b"D", b"P\0")
        + _message(b"E", b"\0" + struct.pack(">I", MOST_ROWS))
        + _message(b"S", b"")
    )
    rows = Rows()
    yield from _until_ready(stream, rows)
    return rows


def goodbye() -> bytes:
    """The message that ends a session."""
    return _message(b"X", b"")


def _until_ready(stream: Stream, rows: Rows) -> Generator[Operation, Any, None]:
    for _ in range(_MOST_MESSAGES):
        kind, data = yield from _next(stream)
        if kind == b"T":
            rows.columns = _columns(data)
        elif kind == b"D":
            rows.add(_values(data))
        elif kind == b"G":
            raise SqlError("COPY is not a query")
        elif kind == b"Z":
            return
    raise SqlError("it does not finish its answer")


def _next(stream: Stream) -> Generator[Operation, Any, tuple[bytes, bytes]]:
    head = yield from stream.take(5)
    size = int.from_bytes(head[1:])
    if size < 4 or head[0] not in _SAID:
        raise SqlError("it does not speak PostgreSQL's protocol")
    data = yield from stream.take(size - 4)
    if head[:1] == b"E":
        raise SqlError(_error(data))
    return head[:1], data


def _prove(
    stream: Stream, login: Login, data: bytes, scram: Scram | None, is_secure: bool
) -> Generator[Operation, Any, Scram | None]:
    code, rest = int.from_bytes(data[:4]), data[4:]
    if code == _MD5:
        inner = hashlib.md5((login.password + login.username).encode(), usedforsecurity=False).hexdigest()
        proof = hashlib.md5(inner.encode() + rest, usedforsecurity=False).hexdigest()
        yield from stream.send(_message(b"p", _text(f"md5{proof}")))
    elif code == _CLEAR and is_secure:
        yield from stream.send(_message(b"p", _text(login.password)))
    elif code == _SASL and b"SCRAM-SHA-256" in rest.split(b"\0"):
        scram = Scram(login.password)
        first = scram.first
        yield from stream.send(_message(b"p", _text("SCRAM-SHA-256") + struct.pack(">I", len(first)) + first))
    elif code == _SASL_CONTINUE and scram is not None:
        yield from stream.send(_message(b"p", (yield from scram.answer(rest))))
    elif code == _SASL_FINAL and scram is not None:
        scram.check(rest)
    elif code == _OK and scram is not None and not scram.is_proved:
        raise SqlError("it did not prove that it knows the password")
    elif code != _OK:
        raise SqlError("it asks for the password in a way that needs TLS" if code == _CLEAR else f"login {code}")
    return scram


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body) + 4) + body


def _text(text: str) -> bytes:
    return text.replace("\0", "").encode() + b"\0"


def _columns(data: bytes) -> list[tuple[str, str]]:
    columns, position = [], 2
    for _ in range(int.from_bytes(data[:2])):
        end = data.index(b"\0", position)
        type_id = int.from_bytes(data[end + 7 : end + 11])
        columns.append((data[position:end].decode("utf-8", "replace"), _KINDS.get(type_id, "text")))
        position = end + 19
    return columns


def _values(data: bytes) -> list[bytes | None]:
    values: list[bytes | None] = []
    position = 2
    for _ in range(int.from_bytes(data[:2])):
        size = int.from_bytes(data[position : position + 4], signed=True)
        position += 4
        values.append(None if size < 0 else data[position : position + size])
        position += max(size, 0)
    return values


def _error(data: bytes) -> str:
    fields = {part[:1]: part[1:].decode("utf-8", "replace") for part in data.split(b"\0") if part}
    return fields.get(b"M", "an error without a message")[:300].rstrip(".")
