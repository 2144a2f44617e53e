"""Fetches over HTTP/1.1 on a socket of our own, plain or through rustls.

The kernel says when the answer came, so that a busy loop makes no server look slow.
"""

from collections.abc import Generator
from typing import Any

from common.curl import header_line
from monitors.probes.base import EXCERPT_BYTES, Phases, ProbeFailed, Result
from monitors.probes.certificates import read_der
from monitors.probes.dialling import dial, label
from monitors.probes.handles import MAX_BODY_BYTES, Handles
from monitors.probes.http_answer import ACCEPT_ENCODING, BadAnswer, HttpAnswer
from monitors.probes.http_tls import NoHandshake, SecuredStream
from monitors.probes.operations import Deadline, Operation
from monitors.probes.request import USER_AGENT, HttpRequest, Shape
from monitors.probes.stream import Stream

_METHODS = frozenset({"GET", "HEAD"})
# They change how a message is framed, or what becomes of the connection.
_LEFT_TO_LIBCURL = frozenset(
    {"connection", "content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings"}
)
_DEFAULTS = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": ACCEPT_ENCODING}
_DEFAULT_LINES = "".join(f"{name}: {value}\r\n" for name, value in _DEFAULTS.items())
# Compressed or framed as it comes: chunks may be all frame.
_MOST_BYTES = 4 * MAX_BODY_BYTES


def is_direct(request: HttpRequest) -> bool:
    """Whether a request can be made here: GET or HEAD without proxy, login or a body; TLS verified and without a
    certificate of ours. libcurl makes all others.
    """
    shape = request.shape
    return (
        (request.to.scheme == "http" or (shape.verify_tls and shape.identity is None))
        and shape.method in _METHODS
        and shape.body is None
        and shape.login is None
        and shape.proxy is None
        and not shape.http2
        and shape.http_version != "2"
        and (not shape.headers or _LEFT_TO_LIBCURL.isdisjoint(name.lower() for name, _ in shape.headers))
    )


def fetch_direct(
    request: HttpRequest, address: str, result: Result, handles: Handles, deadline: Deadline, keep_body: bool
) -> Generator[Operation, Any, tuple[float, bytes]]:
    """Make the request to an address that has been judged. Returns how long it took (ms) and the body.

    Writes status, headers, phases and certificate into `result`. Raises ProbeFailed, or BadAnswer for what only
    libcurl may judge.
    """
    before, result.phases = result.phases, Phases()
    answer = HttpAnswer(keep=MAX_BODY_BYTES if keep_body else EXCERPT_BYTES, is_head=request.shape.method == "HEAD")
    try:
        yield from _exchange(request, address, answer, result, handles, deadline)
    finally:
        answer.close()
        result.status_code, result.headers = answer.status_code, answer.headers
        body = b"".join(answer.body)
        result.body_excerpt = body[:EXCERPT_BYTES]
        spent_ms = result.phases.total_ms
        result.phases = before.plus(result.phases)
    return spent_ms, body


def _exchange(
    request: HttpRequest, address: str, answer: HttpAnswer, result: Result, handles: Handles, deadline: Deadline
) -> Generator[Operation, Any, None]:
    to = request.to
    message = _message(request)
    sock = yield from dial(to.host, address, to.port, result, deadline)
    stream = Stream(sock, label(to.host, address, to.port), result, deadline)
    stream.limit = _MOST_BYTES
    try:
        if to.scheme == "https":
            yield from _talk_secured(request, message, stream, answer, result, handles)
        else:
            yield from _talk(message, stream, answer)
    finally:
        stream.close()


def _talk(message: bytes, stream: Stream, answer: HttpAnswer) -> Generator[Operation, Any, None]:
    try:
        yield from stream.send(message)
        while not answer.is_complete:
            _read(answer, (yield from stream.receive(wait_first=True)), stream)
    finally:
        stream.note_phases()


def _talk_secured(
    request: HttpRequest, message: bytes, stream: Stream, answer: HttpAnswer, result: Result, handles: Handles
) -> Generator[Operation, Any, None]:
    host = request.to.host
    context = handles.http_context(*(["http/1.1"] if request.shape.http_version else ["h2", "http/1.1"]))
    try:
        secured = SecuredStream(stream, context, host)
        yield from secured.shake_hands()
    except NoHandshake:
        handles.left_to_libcurl.add(host, request.to.port)
        raise
    result.certificate = read_der(secured.certificate or b"")
    try:
        yield from secured.send(message)
        while not answer.is_complete:
            chunk = yield from secured.receive()
            _read(answer, chunk, stream)
            if not chunk:
                raise BadAnswer("It ends with its connection, and rtls does not tell a goodbye from a cut.")
    finally:
        secured.note_phases(result.phases)


def _read(answer: HttpAnswer, chunk: bytes, stream: Stream) -> None:
    if chunk:
        answer.feed(chunk)
        if answer.overflowed:
            raise ProbeFailed("too_large", f"The answer's {answer.overflowed} exceeded what a check reads.")
    elif not answer.end():
        raise ProbeFailed("reset", f"{stream.server} closed the connection before its answer was complete.")


def _message(request: HttpRequest) -> bytes:
    """The request as it is sent. Raises ProbeFailed (`blocked`) when its headers are not sendable."""
    authority, _, path = request.to.url.partition("://")[2].partition("/")
    lines = _lines(request.shape, authority) if request.shape.headers else f"Host: {authority}\r\n{_DEFAULT_LINES}"
    return f"{request.shape.method} /{path} HTTP/1.1\r\n{lines}\r\n".encode()


def _lines(shape: Shape, authority: str) -> str:
    named = {name.lower() for name, _ in shape.headers}
    usual = {"Host": authority, **_DEFAULTS}
    lines = [f"{name}: {value}\r\n" for name, value in usual.items() if name.lower() not in named]
    try:
        for name, value in shape.headers:
            header_line(name, value)
            lines.append(f"{name}: {value}\r\n" if value else f"{name}:\r\n")
    except ValueError as error:
        raise ProbeFailed("blocked", str(error)) from error
    return "".join(lines)
