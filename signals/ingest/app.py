"""The raw ASGI application for pings: reads a request, submits it, answers when it is durable."""

import asyncio
import logging

from django.conf import settings

from common import clock
from signals.ingest import answers
from signals.ingest.address import Address, read_address
from signals.ingest.answers import Receive, Scope, Send, printable, problem
from signals.ingest.commit import Full, Unavailable
from signals.ingest.ingest import Ingest
from signals.ingest.ping import (
    Headers,
    Ping,
    digest_of,
    header,
    query_value,
    read_body,
    read_rid,
    read_user_agent,
    source_of,
)

log = logging.getLogger(__name__)
BODY_LIMIT = 10_240
BODY_SECONDS = 30
MOST_DRAINED = 1024 * 1024
METHODS = ("GET", "HEAD", "POST")
_OK = answers.ok()
_OK_SHORT = answers.ok_short(BODY_LIMIT)


class TooLarge(Exception):
    """The body is longer than a ping may carry."""


class ClientGone(Exception):
    """The sender went away before its request was complete."""


class PingApp:
    """Answers every request below `/api/signals/ping/` and `/ping/`."""

    def __init__(self, ingest: Ingest) -> None:
        self.ingest = ingest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        if method not in METHODS:
            allow = (b"allow", b"GET, HEAD, POST")
            detail = "A ping is a GET, HEAD or POST."
            await problem(405, "method-not-allowed", detail, printable(path), allow).send(send, method)
            return
        address = read_address(path)
        answer = _unknown(path) if address is None else await self._answer(scope, address, receive)
        try:
            await answer.send(send, method)
        except OSError:
            """The client is gone."""

    async def _answer(self, scope: Scope, address: Address, receive: Receive) -> answers.Answer:
        path = scope["path"]
        try:
            body = await _body(scope["headers"], receive, address.is_short)
            token = address.token or await self._token_of(address, scope["query_string"])
            outcome = await self.ingest.submit(_ping(scope, address, token, body)) if token else None
        except TooLarge:
            detail = f"A ping may carry {BODY_LIMIT} bytes; nothing was stored."
            return problem(413, "too-large", detail, printable(path), (b"connection", b"close"))
        except ClientGone:
            # Perhaps nobody hears it; but a server that gets no answer from us for a broken body makes a 500 of it.
            detail = "The body broke off before its end; nothing was stored."
            return problem(400, "invalid", detail, printable(path), (b"connection", b"close"))
        except (Full, Unavailable):
            detail = "Pings cannot be stored at the moment. Send it again."
            return problem(503, "unavailable", detail, printable(path), (b"retry-after", b"2"))
        if outcome is None:
            return _unknown(path)
        return _OK_SHORT if address.is_short else _OK

    async def _token_of(self, address: Address, query: bytes) -> str | None:
        return await self.ingest.token_of(address.ping_key, address.slug, create=query_value(query, "create") == "1")


def _unknown(path: str) -> answers.Answer:
    return problem(404, "not-found", "No heartbeat has this ping address.", printable(path))


def _ping(scope: Scope, address: Address, token: str, body: bytes) -> Ping:
    headers, rid = scope["headers"], read_rid(scope["query_string"])
    source_ip = source_of(scope.get("client"), headers, settings.TRUSTED_PROXIES)
    payload, is_json, has_dependencies = read_body(body)
    return Ping(
        token,
        address.type,
        clock.now(),
        source_ip,
        read_user_agent(headers),
        scope["method"],
        payload,
        is_json,
        address.exit_status,
        rid,
        address.type == "SUCCESS" and not has_dependencies,
        digest_of(address.type, address.exit_status, source_ip, rid, body),
    )


async def _body(headers: Headers, receive: Receive, is_short: bool) -> bytes:
    """The body, at most BODY_LIMIT of it. The long form raises TooLarge for more, the short form cuts it.

    A sender that drips longer than BODY_SECONDS is heard with what has come: its ping must not be lost for that.
    """
    length = header(headers, b"content-length")
    if not length and not header(headers, b"transfer-encoding"):
        return b""
    if not is_short and length.isascii() and length.isdigit() and int(length[:19]) > BODY_LIMIT:
        raise TooLarge
    kept = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            await _read(receive, kept, is_short)
    except TimeoutError:
        log.info("a ping's body did not end within %d s", BODY_SECONDS)
    return bytes(kept)


async def _read(receive: Receive, kept: bytearray, is_short: bool) -> None:
    drained = 0
    while drained < MOST_DRAINED:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        drained += len(chunk)
        if drained > BODY_LIMIT and not is_short:
            raise TooLarge
        kept += chunk[: BODY_LIMIT - len(kept)]
        if not message.get("more_body", False):
            return
