"""MySQL's and MariaDB's wire protocol, as far as one read-only query needs it."""

import hashlib
import struct
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from monitors.probes.operations import Operation
from monitors.probes.postgresql import Login
from monitors.probes.sql_answer import MOST_ROWS, Rows, SqlError
from monitors.probes.stream import Stream

_SSL, _CONNECT_WITH_DB, _PLUGIN_AUTH = 0x800, 0x8, 0x80000
_WANTED = 0x1 | 0x200 | 0x2000 | 0x8000 | _PLUGIN_AUTH  # long password, 4.1, transactions, secure, plugins
_UTF8MB4, _QUERY, _QUIT = 45, b"\x03", b"\x01"
_OK, _MORE, _LOCAL_FILE, _END, _ERROR = 0x00, 0x01, 0xFB, 0xFE, 0xFF
_FULL_PROOF = b"\x01\x04"
_KINDS = dict.fromkeys((1, 2, 3, 8, 9, 13), "integer") | dict.fromkeys((0, 4, 5, 246), "number")
_MOST_PACKETS = 2_000


@dataclass(slots=True)
class Greeting:
    """What a server says first."""

    version: str
    can_tls: bool
    plugin: str
    salt: bytes


def greet(stream: Stream) -> Generator[Operation, Any, Greeting]:
    """Read the server's greeting. Raises SqlError."""
    data, _ = yield from _next(stream)
    if data[0] != 10:
        raise SqlError("it does not speak MySQL's protocol")
    end = data.find(b"\0", 1)
    rest = data[end + 5 :]  # after the version and the connection's number
    if end < 0 or len(rest) < 27:
        raise SqlError("it does not speak MySQL's protocol")
    size = max(13, rest[17] - 8)
    salt = (rest[:8] + rest[28 : 28 + size])[:20]
    plugin = rest[28 + size :].split(b"\0")[0].decode("ascii", "replace")
    capabilities = int.from_bytes(rest[9:11], "little")
    version = data[1:end].decode("utf-8", "replace").removeprefix("5.5.5-")  # MariaDB 10's disguise
    return Greeting(version, bool(capabilities & _SSL), plugin or "mysql_native_password", salt)


def request_tls(stream: Stream) -> Generator[Operation, Any, None]:
    """Tell the server that the handshake begins; only after a greeting that can."""
    yield from _send(stream, _capabilities(_SSL), 1)


def log_in(stream: Stream, login: Login, greeting: Greeting, *, is_secure: bool) -> Generator[Operation, Any, None]:
    """Prove who we are. Raises SqlError."""
    more = (_SSL if is_secure else 0) | (_CONNECT_WITH_DB if login.database else 0)
    proof = _proof(greeting.plugin, login.password, greeting.salt, known_only=False)
    database = _text(login.database) if login.database else b""
    body = _capabilities(more) + _text(login.username) + bytes([len(proof)]) + proof + database
    yield from _send(stream, body + _text(greeting.plugin), 2 if is_secure else 1)
    for _ in range(10):
        data, number = yield from _next(stream)
        if data[0] == _OK:
            return
        if data[0] == _END:
            plugin, _, salt = data[1:].partition(b"\0")
            proof = _proof(plugin.decode("ascii", "replace"), login.password, salt[:20], known_only=True)
            yield from _send(stream, proof, number + 1)
        elif data == _FULL_PROOF:
            if not is_secure:
                raise SqlError("it asks for the password in a way that needs TLS")
            yield from _send(stream, _text(login.password), number + 1)
        elif data[0] != _MORE:
            break
    raise SqlError("it does not finish the login")


def query(stream: Stream, text: str, _milliseconds: int) -> Generator[Operation, Any, Rows]:
    """Run one statement in a transaction that may only read, and return its first rows. Raises SqlError."""
    # Several statements in one query are off unless asked for: nobody ends our transaction and begins another.
    # Read-only for the session too: a statement that defines tables ends the transaction it is in by itself.
    limit, read_only = f"SET SESSION sql_select_limit = {MOST_ROWS}", "SET SESSION TRANSACTION READ ONLY"
    for statement in (limit, read_only, "START TRANSACTION READ ONLY"):
        yield from _run(stream, statement)
    return (yield from _run(stream, text))


def goodbye() -> bytes:
    """The packet that ends a session."""
    return struct.pack("<I", 1) + _QUIT


def _run(stream: Stream, text: str) -> Generator[Operation, Any, Rows]:
    yield from _send(stream, _QUERY + text.encode(), 0)
    data, _ = yield from _next(stream)
    rows = Rows()
    if data[0] == _OK:
        return rows
    if data[0] == _LOCAL_FILE:
        raise SqlError("it asks for a file of ours")
    for _ in range(_lenenc(data, 0)[0] or 0):
        definition, _ = yield from _next(stream)
        rows.columns.append(_column(definition))
    ends = 0
    for _ in range(_MOST_PACKETS):
        data, _ = yield from _next(stream)
        if data[0] == _END and len(data) < 9:
            ends += 1
            if ends == 2:  # one after the columns, one after the rows
                return rows
        else:
            rows.add(_values(data))
    raise SqlError("it does not finish its answer")


def _next(stream: Stream) -> Generator[Operation, Any, tuple[bytes, int]]:
    """The next packet, never empty, and its number."""
    head = yield from stream.take(4)
    data = yield from stream.take(int.from_bytes(head[:3], "little"))
    if not data:
        raise SqlError("it does not speak MySQL's protocol")
    if data[0] == _ERROR:
        text = data[9:] if data[3:4] == b"#" else data[3:]
        raise SqlError(text.decode("utf-8", "replace")[:300].rstrip("."))
    return data, head[3]


def _send(stream: Stream, body: bytes, number: int) -> Generator[Operation, Any, None]:
    yield from stream.send(len(body).to_bytes(3, "little") + bytes([number & 0xFF]) + body)


def _capabilities(more: int) -> bytes:
    return struct.pack("<IIB23x", _WANTED | more, 1 << 24, _UTF8MB4)


def _text(text: str) -> bytes:
    return text.replace("\0", "").encode() + b"\0"


def _proof(plugin: str, password: str, salt: bytes, *, known_only: bool) -> bytes:
    """What a plugin wants to see. For one that is not known, nothing: the server then names another."""
    if not password:
        return b""
    if plugin == "mysql_native_password":
        return _mixed(_sha1, password, lambda twice: salt + twice)
    if plugin == "caching_sha2_password":
        return _mixed(_sha256, password, lambda twice: twice + salt)
    if known_only:
        raise SqlError(f"it asks for a login with {plugin[:50]}, which is not known here")
    return b""


def _mixed(digest: Callable[[bytes], bytes], password: str, joined: Callable[[bytes], bytes]) -> bytes:
    once = digest(password.encode())
    mask = digest(joined(digest(once)))
    return bytes(a ^ b for a, b in zip(once, mask, strict=True))


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _lenenc(data: bytes, position: int) -> tuple[int | None, int]:
    """A length-encoded number, None for NULL, and where what follows begins."""
    first = data[position]
    sizes = {0xFC: 2, 0xFD: 3, 0xFE: 8}
    if first not in sizes:
        return (None if first == _LOCAL_FILE else first), position + 1
    end = position + 1 + sizes[first]
    return int.from_bytes(data[position + 1 : end], "little"), end


def _values(data: bytes) -> list[bytes | None]:
    values: list[bytes | None] = []
    position = 0
    while position < len(data):
        size, position = _lenenc(data, position)
        values.append(None if size is None else data[position : position + size])
        position += size or 0
    return values


def _column(definition: bytes) -> tuple[str, str]:
    position, name = 0, b""
    for _ in range(5):  # catalog, schema, table, original table, name
        size, position = _lenenc(definition, position)
        name = definition[position : position + (size or 0)]
        position += size or 0
    size, position = _lenenc(definition, position)
    position += (size or 0) + 1
    return name.decode("utf-8", "replace"), _KINDS.get(definition[position + 6], "text")
