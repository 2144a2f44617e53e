"""Servers that agree to HTTP/2 and then break it: each ends in a class within its timeout."""

from contextlib import contextmanager

import pytest

from tests.monitors.probes.health_server import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PREFACE,
    SETTINGS,
    STATUS_200,
    field,
    frame,
)
from tests.monitors.probes.scripted import forever, hang, tcp_server

RST_STREAM, PING, GOAWAY, CONTINUATION = 3, 6, 7, 9
HELLO = frame(SETTINGS, 0, b"", 0)
REFUSED_STREAM = (7).to_bytes(4)
STATUS_103 = field(":status", "103")
# What libcurl calls it depends on which limit is met first.
LARGE, FLOOD = ["too_large", "reset"], ["timeout", "reset"]
# One long header kept in the dynamic table, then named ten thousand times by a byte each (RFC 7541 section 6.1).
HPACK_BOMB = STATUS_200 + b"\x40\x01a\x7f\xa1\x1d" + b"x" * 3_872 + b"\xbe" * 10_000


@pytest.fixture(scope="module")
def agreeing(authority):
    """`agreeing(script)`: a server that agrees to HTTP/2 and hands over after the client's preface."""
    context = authority.context()
    context.set_alpn_protocols(["h2"])

    @contextmanager
    def serve(script):
        def begin(connection):
            received = b""
            while len(received) < len(PREFACE):
                received += connection.recv(4_096)
            script(connection)

        with tcp_server(begin, context) as port:
            yield f"https://localhost:{port}/"

    return serve


def say(*frames, then=hang):
    def script(connection):
        connection.sendall(HELLO + b"".join(frames))
        then(connection)

    return script


ANSWER, EMPTY = frame(HEADERS, END_HEADERS, STATUS_200), frame(DATA, 0, b"")
RESET = frame(RST_STREAM, 0, REFUSED_STREAM)
FILLER = field("x", "y" * 100)
HINT = frame(HEADERS, END_HEADERS, STATUS_103 + FILLER)
NOBODYS = frame(HEADERS, END_HEADERS | END_STREAM, STATUS_200, stream=7)
NO_STATUS = frame(HEADERS, END_HEADERS | END_STREAM, field("x", "y"))

CASES = {
    "silent from the start": (hang, ["timeout"]),
    "silent after its settings": (say(), ["timeout"]),
    "silent after its headers": (say(ANSWER), ["timeout"]),
    "goes away": (say(frame(GOAWAY, 0, bytes(8), 0)), ["reset"]),
    "refuses the stream": (say(RESET), ["reset"]),
    "resets mid-body": (say(ANSWER, frame(DATA, 0, b"x"), RESET), ["reset"]),
    "hangs up": (say(then=lambda connection: None), ["reset"]),
    "speaks HTTP/1.1": (say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), ["reset"]),
    "speaks garbage": (say(then=forever(bytes(range(256)))), ["reset"]),
    "answers on a stream nobody opened": (say(NOBODYS), ["reset"]),
    "sends data before headers": (say(frame(DATA, END_STREAM, b"early")), ["reset"]),
    "has no status": (say(NO_STATUS), ["reset"]),
    "an endless body": (say(ANSWER, then=forever(frame(DATA, 0, bytes(16_384)))), ["too_large"]),
    "endless continuations": (say(HINT[:4] + b"\0" + HINT[5:], then=forever(frame(CONTINUATION, 0, FILLER))), LARGE),
    "endless early hints": (say(then=forever(HINT)), LARGE),
    "a bomb of headers": (say(frame(HEADERS, END_HEADERS, HPACK_BOMB)), LARGE),
    "a flood of pings": (say(then=forever(frame(PING, 0, bytes(8), 0) * 100)), FLOOD),
    "a flood of settings": (say(then=forever(HELLO * 100)), FLOOD),
    "empty data for ever": (say(ANSWER, then=forever(EMPTY * 100)), FLOOD),
}


@pytest.mark.parametrize("case", CASES)
def test_what_breaks_http2_ends_in_its_class_within_its_timeout(look, agreeing, case):
    script, classes = CASES[case]
    with agreeing(script) as url:
        result = look(url, timeout_ms=500 if "timeout" in classes else 8000)
    assert result.failure_class in classes, result.detail
    assert result.detail.endswith(".")
    assert result.finished_at - result.started_at < 6


def test_a_server_that_keeps_to_it_is_fine(look, agreeing):
    body = frame(HEADERS, END_HEADERS, STATUS_200) + frame(DATA, END_STREAM, b"ok")
    with agreeing(say(body)) as url:
        result = look(url, http_version="2")
    assert (result.ok, result.body_excerpt) == (True, b"ok"), result.detail
