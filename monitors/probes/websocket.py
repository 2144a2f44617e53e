"""The WebSocket probe: the handshake of RFC 6455, then a message out and one back when asked for."""

import logging
from collections.abc import Generator, Mapping
from typing import Any

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus, InvalidURI
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from common.web_address import BadWebAddress, WebAddress, parse_web_address
from monitors.probes.base import ProbeFailed, Result
from monitors.probes.fields import IP_VERSION, LATENCY_THRESHOLD, VERIFY_TLS, assertions
from monitors.probes.handles import Handles
from monitors.probes.judging import conclude
from monitors.probes.operations import Deadline, Operation, Steps
from monitors.probes.request import USER_AGENT
from monitors.probes.schema import Field, Problem
from monitors.probes.secured import secure_for_host
from monitors.probes.stream import MOST_BYTES, Stream, open_stream

_SILENT = logging.getLogger("websockets.probe")
_SILENT.disabled = True
# A thousand empty frames at a time hold up nobody for long.
_CHUNK_BYTES = 2_048
_DATA = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})

WEBSOCKET_FIELDS = (
    Field(
        name="url",
        kind="text",
        required=True,
        minimum=6,
        maximum=2_048,
        help="A ws:// or wss:// address, such as wss://live.example.com/feed.",
    ),
    Field(name="headers", kind="headers", default={}, maximum=20, help="Sent with the handshake."),
    Field(
        name="subprotocol",
        kind="text",
        nullable=True,
        maximum=100,
        help="One the server must agree to, such as graphql-transport-ws; by default none is asked for.",
    ),
    Field(
        name="send",
        kind="text",
        nullable=True,
        maximum=4_096,
        help="A text message to send first, such as ping; by default none.",
    ),
    Field(
        name="expect",
        kind="text",
        nullable=True,
        minimum=1,
        maximum=1_024,
        help="What one of the server's messages must hold, within its first 64 KiB.",
    ),
    VERIFY_TLS,
    IP_VERSION,
    assertions("body", "json", "certificate", "latency"),
    LATENCY_THRESHOLD,
)


def wrong_websocket(settings: Mapping[str, Any]) -> list[Problem]:
    """An address that cannot be dialled."""
    try:
        has_login = bool(settings.get("url")) and _address_of(settings["url"]).credentials is not None
    except ProbeFailed as failure:
        return [("/url", failure.detail)]
    return [("/url", "Leave the login out of the address and send it in a header.")] if has_login else []


def probe_websocket(result: Result, handles: Handles, deadline: Deadline) -> Steps:
    """Open a WebSocket, send and expect as the settings say; the body is the last message.

    Raises ProbeFailed: `http_status` when the server answers the handshake with another status than 101.
    """
    settings = result.check.settings
    to = _address_of(settings["url"])
    stream: Stream = yield from open_stream(to.host, to.port, result, handles, deadline)
    stream.chunk = _CHUNK_BYTES
    message = b""
    try:
        if to.scheme == "https":
            yield from secure_for_host(stream, result, handles, to.host)
        protocol, early = yield from _open(stream, result, to)
        if settings.get("send"):
            protocol.send_text(settings["send"].encode())
            yield from _flush(stream, protocol)
        if settings.get("expect") or _looks_at_message(settings):
            message = yield from _expect(stream, protocol, early, result)
        stream.note_phases()
        protocol.send_close(1000)
        yield from _flush(stream, protocol)
    finally:
        stream.close()
    yield from conclude(result, message)


def _address_of(url: str) -> WebAddress:
    scheme, colon, rest = url.strip().partition(":")
    if scheme.lower() not in ("ws", "wss") or not colon:
        raise ProbeFailed("blocked", "Only ws and wss addresses are dialled.")
    try:
        return parse_web_address(f"http{scheme[2:].lower()}:{rest}")
    except BadWebAddress as error:
        raise ProbeFailed("blocked", str(error)) from error


def _looks_at_message(settings: Any) -> bool:
    return any(assertion["source"] in ("body", "json") for assertion in settings.get("assertions") or ())


def _open(
    stream: Stream, result: Result, to: WebAddress
) -> Generator[Operation, Any, tuple[ClientProtocol, list[Any]]]:
    settings = result.check.settings
    wanted = settings.get("subprotocol")
    try:
        uri = parse_uri(to.url.replace("http", "ws", 1))
    except InvalidURI as error:
        raise ProbeFailed("blocked", "The address cannot be dialled.") from error
    names = [Subprotocol(wanted)] if wanted else None
    protocol = ClientProtocol(uri, subprotocols=names, max_size=MOST_BYTES, logger=_SILENT)
    request = protocol.connect()
    request.headers["User-Agent"] = USER_AGENT
    for name, value in (settings.get("headers") or {}).items():
        if not f"{name}{value}".isprintable():
            raise ProbeFailed("blocked", f"The request header {name[:80]!r} is not a valid one.")
        request.headers.pop(name, None)
        request.headers[name] = value
    protocol.send_request(request)
    yield from _flush(stream, protocol)
    events = yield from _next(stream, protocol)
    _note_answer(stream, result, protocol, events)
    if wanted and protocol.subprotocol != wanted:
        raise ProbeFailed("assertion", f"{stream.server} does not agree to the subprotocol {wanted}.")
    # What came in the same packet as the handshake's end belongs to the messages.
    return protocol, events[1:]


def _note_answer(stream: Stream, result: Result, protocol: ClientProtocol, events: list[Any]) -> None:
    answer = next((event for event in events if isinstance(event, Response)), None)
    if answer is not None:
        result.status_code = answer.status_code
        result.headers = tuple(answer.headers.raw_items())
    error = protocol.handshake_exc
    if isinstance(error, InvalidStatus):
        raise ProbeFailed("http_status", f"{stream.server} answered the handshake with {result.status_code}.")
    if error is not None or answer is None:
        raise ProbeFailed("assertion", f"{stream.server} does not speak WebSocket: {str(error)[:200].rstrip('.')}.")


def _flush(stream: Stream, protocol: ClientProtocol) -> Generator[Operation, Any, None]:
    data = b"".join(protocol.data_to_send())
    if data:
        yield from stream.send(data)


def _next(stream: Stream, protocol: ClientProtocol) -> Generator[Operation, Any, list[Any]]:
    """The next events, at least one; answers pings on the way. Raises ProbeFailed when no more can come."""
    while protocol.parser_exc is None:
        yield from stream.pause()
        chunk = yield from stream.receive()
        if chunk:
            protocol.receive_data(chunk)
        else:
            protocol.receive_eof()
        yield from _flush(stream, protocol)
        events = protocol.events_received()
        if events or (chunk and protocol.handshake_exc is not None):
            return events
        if not chunk:
            break
    raise ProbeFailed("reset", f"{stream.server} broke off: {_why(protocol)}.")


def _why(protocol: ClientProtocol) -> str:
    return str(protocol.parser_exc or protocol.close_rcvd or "no close frame came")[:200].rstrip(".")


def _expect(
    stream: Stream, protocol: ClientProtocol, events: list[Any], result: Result
) -> Generator[Operation, Any, bytes]:
    expected = (result.check.settings.get("expect") or "").encode()
    message = b""
    while True:
        for event in events:
            if not isinstance(event, Frame):
                continue
            if event.opcode is Opcode.CLOSE:
                raise ProbeFailed("assertion" if message else "reset", f"{stream.server} closed: {_why(protocol)}.")
            if event.opcode in _DATA:
                message = bytes(event.data) if event.opcode is not Opcode.CONT else message + bytes(event.data)
                result.body_excerpt = message[:4_096]
                if event.fin and expected in message:
                    return message
        events = yield from _next(stream, protocol)
