"""Bytes of every kind against a real server: no 5xx, no half-written state, no lost heartbeat of a known token."""

import itertools
import json
import socket
import time

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signals.models import HeartbeatState, Signal
from signals.shown import signal_json
from tests.signals.servers import web

pytestmark = pytest.mark.slow

LIMIT = 10_240
_numbers = itertools.count()
_settings = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))

text = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
latin = st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f"), min_size=1, max_size=40)
junk_forwarded = st.sampled_from(["junk", "1.2.3.4, junk", ",,,", "999.1.1.1", "[::1", "::ffff:1.2.3.4", "1.2.3.4:80"])
bodies = (
    st.binary(max_size=200)
    | st.text(max_size=60).map(lambda words: words.encode("utf-8", "surrogatepass"))
    | st.sampled_from(
        [
            b"{", b'{"a":', b"[" * 5000, b'{"dependencies": [1, {"name": [], "status": {}}]}', b"\xff\xfe\xfd",
            b"\x00" * 50, b'{"dependencies": [{"name": "Redis\\u0000", "status": "down"}]}', b'"\\ud800"', b"1e999",
            b"NaN", b"x" * (LIMIT - 40),
        ]
    )
)  # fmt: skip
requests = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "POST", "HEAD"]),
        "suffix": st.sampled_from(["", "/start", "/fail", "/log", "/0", "/3"]),
        "version": st.sampled_from(["1.0", "1.1"]),
        "is_short": st.booleans(),
        "is_chunked": st.booleans(),
        "body": bodies,
        "agent": latin,
        "forwarded": junk_forwarded | latin,
        "query": st.sampled_from(["", "?rid=junk", "?rid=%00", "?%ff=%fe", "?rid=1&rid=2", "?" + "a=b&" * 300]),
    }
)


@pytest.fixture(params=["granian", "uvicorn"])
def server(transactional_db, request, heartbeat, tmp_path):
    with web(tmp_path, request.param, TRUSTED_PROXIES="127.0.0.0/8") as running:
        yield running


def sent(port, data, *, seconds=10, quiet_seconds=0.1):
    """What comes back until the server closes, or is silent for a moment after it answered."""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        connection.sendall(data)
        parts = []
        try:
            while chunk := connection.recv(65536):
                parts.append(chunk)
                connection.settimeout(quiet_seconds)
        except (TimeoutError, ConnectionResetError):
            """No more."""
    return b"".join(parts)


def head(token, method="POST", suffix="", version="1.1", is_short=False, query="", **headers):
    path = f"{'/ping/' if is_short else '/api/signals/ping/'}{token}{suffix}{query}"
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def with_length(token, body, **request):
    return head(token, **request, **{"Content-Length": len(body), "Connection": "close"}) + body


def chunked(token, body, **request):
    pieces = [body[at : at + 97] for at in range(0, len(body), 97)]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head(token, **request, **{"Transfer-Encoding": "chunked", "Connection": "close"}) + framed + b"0\r\n\r\n"


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


def test_whatever_is_sent_to_a_known_token_is_stored(server, heartbeat):
    said = []

    @_settings
    @given(requests)
    def send(request):
        request = dict(request)
        body, is_chunked = request.pop("body"), request.pop("is_chunked") and request["version"] == "1.1"
        marked = f"{next(_numbers)} ".encode() + body if not body.startswith((b"{", b"[")) else body
        agent = f"n{next(_numbers)} {request.pop('agent')}"
        headers = {"User-Agent": agent, "X-Forwarded-For": request.pop("forwarded"), "X-Junk": "j" * 2000}
        write = chunked if is_chunked else with_length
        answer = sent(server.port, write(heartbeat.token, marked, **request, **headers))
        assert status_of(answer) == 200, (answer, request)
        said.append((agent, marked != body))

    send()
    stored = {agent.partition(" ")[0] for agent in Signal.objects.values_list("user_agent", flat=True)}
    lost = [is_marked for agent, is_marked in said if agent.partition(" ")[0] not in stored]
    # The same body from the same address within a second is the same ping; a marked body is like no other.
    assert not any(lost)
    assert len(lost) < len(said) / 2
    must_be_sound(heartbeat)


def must_be_sound(heartbeat):
    """Every signal can be shown and has had its effect; the state is that of the last ping."""
    deadline = time.monotonic() + 10
    last = Signal.objects.order_by("-pk").first()
    while HeartbeatState.objects.get(pk=heartbeat.pk).settled_signal_id < last.pk and time.monotonic() < deadline:
        time.sleep(0.05)
        last = Signal.objects.order_by("-pk").first()
    state = HeartbeatState.objects.get(pk=heartbeat.pk)
    assert state.settled_signal_id >= last.pk
    assert state.last_ping_at == max(Signal.objects.exclude(method="").values_list("created_at", flat=True))
    for signal in Signal.objects.all():
        orjson.dumps(signal_json(signal))


@pytest.mark.parametrize("write", [with_length, chunked])
def test_10240_bytes_are_taken_and_one_more_is_not(server, heartbeat, write):
    assert status_of(sent(server.port, write(heartbeat.token, b"a" * LIMIT))) == 200
    assert status_of(sent(server.port, write(heartbeat.token, b"b" * (LIMIT + 1)))) == 413
    assert status_of(sent(server.port, write(heartbeat.token, b"c" * (LIMIT + 1), is_short=True))) == 200
    sizes = [(signal.payload[0], len(signal.payload)) for signal in Signal.objects.order_by("pk")]
    assert sizes == [("a", LIMIT), ("c", LIMIT)]


def test_pipelined_pings_are_answered_in_order_and_all_stored(server, heartbeat):
    pings = [head(heartbeat.token, **{"Content-Length": 2}) + b"%02d" % number for number in range(20)]
    pings[-1] = head(heartbeat.token, **{"Content-Length": 2, "Connection": "close"}) + b"19"
    answer = sent(server.port, b"".join(pings), quiet_seconds=10)
    assert answer.count(b"HTTP/1.1 200") == 20
    assert sorted(Signal.objects.values_list("payload", flat=True)) == [f"{number:02}" for number in range(20)]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("size", [100, 6_000, 200_000])
def test_a_huge_header_is_taken_or_refused_and_never_a_fault(server, heartbeat, version, size):
    request = head(heartbeat.token, "GET", version=version, **{"X-Huge": "h" * size, "Connection": "close"})
    status = status_of(sent(server.port, request))
    assert status == 200 if size < 10_000 else status in (0, 200, 400, 413, 431)
    assert status_of(sent(server.port, head(heartbeat.token, "GET", Connection="close"))) == 200


def test_clients_that_hang_up_leave_nothing_half_written(server, heartbeat):
    whole = with_length(heartbeat.token, json.dumps({"rows": 5}).encode())
    for cut in range(1, len(whole), 7):
        with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
            connection.sendall(whole[:cut])
    time.sleep(0.3)
    assert not Signal.objects.exists()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
            connection.sendall(with_length(heartbeat.token, b"%d gone before the answer" % next(_numbers)))
    assert status_of(sent(server.port, whole)) == 200
    must_be_sound(heartbeat)
    assert Signal.objects.filter(payload='{"rows": 5}').count() == 1


@pytest.mark.parametrize(
    "garbage", [b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n", b"\xff" * 4000,
                b"POST /ping/%s HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"POST /ping/%s HTTP/1.1\r\nHost: a\r\n"
                b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"POST /ping/%s HTTP/1.1\r\nHost: a\r\n"
                b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"],
    ids=range(8),
)  # fmt: skip
def test_what_is_no_request_breaks_nothing(server, heartbeat, garbage):
    answer = sent(server.port, garbage.replace(b"%s", heartbeat.token.encode()), seconds=2)
    assert status_of(answer) < 500
    assert status_of(sent(server.port, head(heartbeat.token, "GET", Connection="close"))) == 200
