"""The TCP probe: connect, say something if told to, and look at what comes back."""

from collections.abc import Generator
from typing import Any

from monitors.probes.base import ProbeFailed, Result
from monitors.probes.escapes import unescape
from monitors.probes.fields import HOST, IP_VERSION, LATENCY_THRESHOLD, assertions, port
from monitors.probes.handles import Handles
from monitors.probes.judging import conclude
from monitors.probes.operations import Deadline, Operation, Steps
from monitors.probes.schema import Field
from monitors.probes.stream import Stream, open_stream

SEND = Field(
    name="send",
    kind="text",
    nullable=True,
    maximum=4_096,
    help=r"Sent after connecting, such as PING\r\n; by default nothing. \r, \n, \t, \0, \\ and \xNN stand for bytes.",
)
EXPECT = Field(
    name="expect",
    kind="text",
    nullable=True,
    minimum=1,
    maximum=1_024,
    help=r"What the answer must hold within its first 64 KiB, such as +PONG, written as what is sent; by default a "
    r"connection is enough.",
)
TCP_FIELDS = (HOST, port(), SEND, EXPECT, IP_VERSION, assertions("body", "latency"), LATENCY_THRESHOLD)


def probe_tcp(result: Result, handles: Handles, deadline: Deadline) -> Steps:
    """Connect; send and expect as the settings say. Raises ProbeFailed."""
    settings = result.check.settings
    stream: Stream = yield from open_stream(settings["host"], settings["port"], result, handles, deadline)
    try:
        if settings.get("send"):
            yield from stream.send(unescape(settings["send"]))
        answer = yield from _answer(stream, result)
        stream.note_phases()
    finally:
        stream.close()
    yield from conclude(result, answer)


def _answer(stream: Stream, result: Result) -> Generator[Operation, Any, bytes]:
    settings = result.check.settings
    expected = unescape(settings.get("expect") or "")
    looks_at_body = any(assertion["source"] == "body" for assertion in settings.get("assertions") or ())
    if not expected:
        return (yield from stream.receive()) if looks_at_body else b""
    try:
        while expected not in stream.buffer:
            chunk = yield from stream.receive()
            stream.buffer += chunk
            if not chunk:
                raise _unexpected(stream, result)
    except ProbeFailed as failure:
        if failure.failure_class != "timeout" or not stream.buffer:
            raise
        result.body_excerpt = stream.buffer[:4_096]
        raise ProbeFailed("timeout", f"{stream.server} answered, but not with what is expected in time.") from failure
    return stream.buffer


def _unexpected(stream: Stream, result: Result) -> ProbeFailed:
    if not stream.buffer:
        return ProbeFailed("reset", f"{stream.server} closed the connection without an answer.")
    result.body_excerpt = stream.buffer[:4_096]
    return ProbeFailed("assertion", f"{stream.server} answered, but not with what is expected.")
