"""The Redis probe: AUTH when there is a password, PING, PONG (RESP 2)."""

from collections.abc import Generator
from typing import Any

from monitors.probes.base import ProbeFailed, Result
from monitors.probes.fields import HOST, IP_VERSION, LATENCY_THRESHOLD, VERIFY_TLS, assertions, port, tls_mode
from monitors.probes.handles import Handles
from monitors.probes.judging import conclude
from monitors.probes.operations import Deadline, Operation, Steps
from monitors.probes.schema import Field
from monitors.probes.secured import open_secured
from monitors.probes.stream import Stream

REDIS_FIELDS = (
    HOST,
    port(6379),
    tls_mode("none; tls: from the first byte.", "none", "tls"),
    VERIFY_TLS,
    Field(name="username", kind="text", nullable=True, maximum=500, help="For Redis 6 and later; by default none."),
    Field(name="password", kind="text", nullable=True, maximum=500, secret=True, help="Sent with AUTH."),
    IP_VERSION,
    assertions("certificate", "latency"),
    LATENCY_THRESHOLD,
)


def probe_redis(result: Result, handles: Handles, deadline: Deadline) -> Steps:
    """Ask a Redis server (or one that speaks its protocol) whether it is there. Raises ProbeFailed."""
    settings = result.check.settings
    stream: Stream = yield from open_secured(result, handles, deadline)
    try:
        if settings.get("password"):
            names = [settings["username"]] if settings.get("username") else []
            answer = yield from _call(stream, "AUTH", *names, settings["password"])
            if answer != "+OK":
                raise ProbeFailed("assertion", f"{stream.server} did not accept the login: {_said(answer)}.")
        answer = yield from _call(stream, "PING")
        stream.note_phases()
    finally:
        stream.close()
    result.facts["answer"] = answer[1:]
    if answer != "+PONG":
        raise ProbeFailed("assertion", f"{stream.server} did not answer PING with PONG: {_said(answer)}.")
    yield from conclude(result, answer.encode())


def _call(stream: Stream, *words: str) -> Generator[Operation, Any, str]:
    encoded = [word.encode() for word in words]
    parts = [b"*%d\r\n" % len(encoded), *(b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded)]
    yield from stream.send(b"".join(parts))
    return (yield from stream.take_line()).decode("utf-8", "replace")


def _said(answer: str) -> str:
    return answer.removeprefix("-")[:200].rstrip(".?! ")
