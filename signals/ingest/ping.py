"""One ping on its way into the database, and how a request becomes one. Pure but for the settings it is handed."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import orjson

from common.client_address import resolve_client

MAX_USER_AGENT = 200
_UUID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(slots=True)
class Ping:
    """What is stored of one request. `is_plain`: a steady heartbeat needs nothing but a later deadline for it."""

    token: str
    type: str
    created_at: datetime
    source_ip: str | None
    user_agent: str
    method: str
    payload: str
    payload_is_json: bool
    exit_status: int | None
    rid: UUID | None
    is_plain: bool
    digest: int


def digest_of(type: str, exit_status: int | None, source_ip: str | None, rid: UUID | None, body: bytes) -> int:
    """A signed 64-bit number that two pings share when they are the same ping sent twice."""
    text = f"{type} {exit_status} {source_ip} {rid} ".encode()
    return int.from_bytes(hashlib.blake2b(text + body, digest_size=8).digest(), signed=True)


def read_body(body: bytes) -> tuple[str, bool, bool]:
    """The body as text, whether it is JSON, and whether it speaks of dependencies.

    JSON is an object or an array (RFC 8259), not nested beyond what can be written again. Bytes that are no UTF-8
    are replaced, NUL is left out: PostgreSQL stores none.
    """
    if not body:
        return "", False, False
    if body.lstrip()[:1] in (b"{", b"["):
        value = _json(body)
        if value is not None:
            return body.decode(), True, isinstance(value, dict) and "dependencies" in value
    return body.decode("utf-8", "replace").replace("\x00", ""), False, False


def _json(body: bytes) -> Any:
    try:
        value = orjson.loads(body)
        orjson.dumps(value)
    except (ValueError, TypeError, RecursionError):
        return None
    return value


def read_rid(query: bytes) -> UUID | None:
    """The run id of the query; one that is no UUID is as none."""
    if b"rid=" not in query:
        return None
    rid = query_value(query, "rid")
    return UUID(rid) if rid and _UUID.fullmatch(rid) else None


def query_value(query: bytes, name: str) -> str | None:
    """The first value of `name`; None when it is not given or the query cannot be read."""
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return None
    return next((value for key, value in pairs if key == name), None)


def header(headers: Headers, name: bytes) -> str:
    """The first header of this lower-case name, or an empty text."""
    for key, value in headers:
        if key == name:
            return value.decode("latin-1")
    return ""


def read_user_agent(headers: Headers) -> str:
    """Who sent it, in its own words, cut to 200 characters."""
    return header(headers, b"user-agent")[:MAX_USER_AGENT].replace("\x00", "")


def source_of(
    client: Sequence[Any] | None, headers: Headers, trusted: Sequence[IPv4Network | IPv6Network]
) -> str | None:
    """The address it came from; `X-Forwarded-For` counts only from our own proxies."""
    peer = str(client[0]) if client else ""
    forwarded = ", ".join(
        value.decode("latin-1") for key, value in headers if key == b"x-forwarded-for"
    ) if trusted else ""  # fmt: skip
    return resolve_client(peer, forwarded, trusted) if forwarded else _plain(peer)


@lru_cache(maxsize=4096)
def _plain(peer: str) -> str | None:
    return resolve_client(peer, "", ())
