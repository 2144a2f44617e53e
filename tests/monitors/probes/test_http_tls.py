"""HTTPS through rustls: whom it leaves to libcurl, for how long, and what its times say."""

import random
import socket
import ssl
import time
from contextlib import suppress

import pytest
import trustme

from common.addresses import AddressPolicy
from monitors.probes import handles as handles_module
from monitors.probes.handles import Handles, LeftToLibcurl
from monitors.probes.http import is_direct
from monitors.probes.http_answer import BadAnswer
from monitors.probes.http_tls import SecuredStream
from monitors.probes.request import request_of
from monitors.probes.stream import Stream
from tests.monitors.probes.scripted import hang, tcp_server

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def counted(authority):
    """A server's script that keeps each request it got."""
    asked = []

    def script(connection):
        asked.append(connection.recv(65_536))
        connection.sendall(ANSWER)

    script.asked = asked
    return script


def only_openssl_speaks(authority):
    """A server with an exchange of keys that rustls has never had: RSA without forward secrecy."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority._authority.issue_cert("localhost", key_type=trustme.KeyType.RSA).configure_cert(context)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES256-GCM-SHA384")
    return context


def handshakes(context):
    """Count the greetings a server's context gets."""
    begun = []
    context.sni_callback = lambda *_: begun.append(1)
    return begun


def test_a_server_rustls_agrees_with_is_asked_once_a_check(look_again, authority, counted):
    context = authority.context("localhost")
    begun = handshakes(context)
    with tcp_server(counted, context) as port:
        results = [look_again(f"https://localhost:{port}/") for _ in range(3)]
    assert [result.failure_class for result in results] == [None] * 3
    assert (len(begun), len(counted.asked)) == (3, 3)


def test_a_server_only_openssl_speaks_with_is_well_and_is_left_to_libcurl(look_again, authority, counted):
    context = only_openssl_speaks(authority)
    begun = handshakes(context)
    with tcp_server(counted, context) as port:
        results = [look_again(f"https://localhost:{port}/") for _ in range(3)]
        assert (len(begun), len(counted.asked)) == (4, 3)
    assert [(result.failure_class, result.body_excerpt) for result in results] == [(None, b"ok")] * 3
    assert all(result.certificate.key == "RSA 2048" for result in results)


def test_after_an_hour_a_server_is_tried_again(monkeypatch):
    left, now = LeftToLibcurl(), time.monotonic()
    left.add("shop.example", 443)
    for seconds, is_left in ((0, True), (3599, True), (3601, False)):
        monkeypatch.setattr(handles_module.time, "monotonic", lambda later=now + seconds: later)
        assert (("shop.example", 443) in left) is is_left
    assert ("shop.example", 8443) not in left


def test_what_is_kept_of_servers_is_bounded(monkeypatch):
    monkeypatch.setattr(handles_module, "_MOST_LEFT", 10)
    left = LeftToLibcurl()
    for port in range(1000):
        left.add("shop.example", port)
    assert len(left._until) <= 10


@pytest.mark.parametrize(
    "options",
    [{"verify_tls": False}, {"client_certificate": "certificate", "client_key": "key"}],
    ids=["unverified", "with a client certificate"],
)
def test_special_wishes_are_left_to_libcurl(options):
    assert not is_direct(request_of({"url": "https://shop.example/", "request": options}))
    assert is_direct(request_of({"url": "https://shop.example/"}))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_time_to_the_first_byte_is_the_answers_not_the_tickets(look_again, authority, version):
    def script(connection):
        connection.recv(65_536)
        time.sleep(0.08)
        connection.sendall(ANSWER[:20])
        time.sleep(0.05)
        connection.sendall(ANSWER[20:])

    context = authority.context("localhost")
    context.minimum_version = context.maximum_version = version
    with tcp_server(script, context) as port:
        result = look_again(f"https://localhost:{port}/")
    phases = result.phases
    assert result.ok, result.detail
    assert (phases.first_byte >= 79, phases.transfer >= 49) == (True, True)
    assert 0 < phases.tls < 79
    assert result.latency_ms == pytest.approx(phases.total_ms, abs=1)


def test_no_phase_is_shorter_than_nothing(look_again, authority, counted, monkeypatch):
    """Not even when the answer is there before we get to look at the clock after sending, as happens on loopback."""
    send = Stream.send

    def held_up(self, data):
        yield from send(self, data)
        time.sleep(0.02)

    monkeypatch.setattr(Stream, "send", held_up)
    with tcp_server(counted, authority.context("localhost")) as port:
        phases = look_again(f"https://localhost:{port}/").phases
    assert (phases.tls > 0, phases.first_byte > 0, phases.transfer >= 0) == (True, True, True), phases


def test_a_slow_handshake_is_the_phase_tls(look_again, authority, counted):
    context = authority.context("localhost")
    context.sni_callback = lambda *_: time.sleep(0.08)
    with tcp_server(counted, context) as port:
        result = look_again(f"https://localhost:{port}/")
    assert result.ok, result.detail
    assert result.phases.tls >= 79 > result.phases.first_byte


def test_a_server_that_never_answers_the_greeting_is_late(look_again):
    with tcp_server(hang) as port:
        started = time.monotonic()
        result = look_again(f"https://localhost:{port}/", timeout_ms=400)
    assert result.failure_class == "timeout"
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x28"])
def test_what_is_no_handshake_gets_libcurls_words(look_again, said):
    def script(connection):
        connection.recv(65_536)
        connection.sendall(said)

    with tcp_server(script) as port:
        result = look_again(f"https://localhost:{port}/")
    assert result.failure_class in ("tls", "reset")
    assert f"localhost (127.0.0.1) port {port}" in result.detail
    assert (result.certificate, result.phases.first_byte) == (None, None)


def test_an_answer_cut_short_is_a_reset(look_again, authority):
    def script(connection):
        connection.recv(65_536)
        connection.sendall(ANSWER[:-1])

    with tcp_server(script, authority.context("localhost")) as port:
        result = look_again(f"https://localhost:{port}/")
    assert result.failure_class == "reset"
    assert result.phases.first_byte is not None


def test_an_odd_answer_after_a_redirect_leaves_the_certificate_that_was_seen(look_again, authority):
    def odd(connection):
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nSet Cookie: a\r\nContent-Length: 2\r\n\r\nok")

    def away(connection):
        connection.recv(65_536)
        head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://localhost:%d/\r\n\r\n"
        connection.sendall(head % plain)

    with tcp_server(odd) as plain, tcp_server(away, authority.context("localhost")) as port:
        result = look_again(f"https://localhost:{port}/", block_http_downgrade=False)
    assert (result.ok, result.body_excerpt) == (True, b"ok"), result.detail
    assert result.certificate.names == ("localhost",)
    assert result.latency_ms == pytest.approx(result.phases.total_ms, abs=1)


def test_a_large_answer_comes_whole(look_again, authority):
    body = bytes(range(256)) * 3000

    def script(connection):
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        hang(connection)

    with tcp_server(script, authority.context("localhost")) as port:
        result = look_again(f"https://localhost:{port}/")
    assert (result.ok, result.body_excerpt) == (True, body[: len(result.body_excerpt)])


def test_what_is_broken_after_the_handshake_is_no_verdict_of_ours(look_again, authority, counted):
    context = authority.context("localhost")

    def script(connection):
        with context.wrap_socket(connection, server_side=True) as secured:
            if counted.asked:
                counted(secured)
                return
            counted.asked.append(secured.recv(65_536))
            with socket.socket(fileno=secured.detach()) as plain:
                plain.sendall(b"no record at all")

    with tcp_server(script) as port:
        result = look_again(f"https://localhost:{port}/")
    assert (result.ok, len(counted.asked)) == (True, 2), result.detail


def test_a_request_larger_than_a_buffer_arrives_whole(look_again, authority):
    asked = []

    def script(connection):
        received = b""
        while not received.endswith(b"\r\n\r\n"):
            received += connection.recv(65_536)
        asked.append(received)
        connection.sendall(ANSWER)

    value = "0123456789" * 30_000
    with tcp_server(script, authority.context("localhost")) as port:
        result = look_again(f"https://localhost:{port}/", headers={"X-Large": value})
    assert result.ok, result.detail
    assert [f"X-Large: {value}\r\n".encode() in one for one in asked] == [True]


class Line:
    """A server's side of a connection in memory, and a stream to it whose every flight may be spoilt on its way."""

    last_at = 0.0

    def __init__(self, context, spoil):
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._server = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._spoil = spoil

    def send(self, data):
        self._incoming.write(data)
        return
        yield

    def receive(self, *, wait_first):
        with suppress(ssl.SSLError):
            self._server.do_handshake()
            self._server.write(ANSWER)
        return self._spoil(self._outgoing.read())
        yield


def talk(line, handles):
    """What a client reads of a line, or None for a bad answer."""
    try:
        secured = SecuredStream(line, handles.http_context("http/1.1"), "localhost")
        for step in (secured.shake_hands(), secured.send(b"GET / HTTP/1.1\r\n\r\n"), secured.receive()):
            answer = ended(step)
    except BadAnswer:
        return None
    return answer


def ended(steps):
    try:
        next(steps)
    except StopIteration as end:
        return end.value
    raise AssertionError("nothing here waits")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_spoilt_bytes_are_a_bad_answer_or_the_right_one(authority, version):
    """A line that flips, cuts and repeats bytes: nothing but BadAnswer comes of it, and never another answer."""
    chance = random.Random(1)

    def spoil(flight):
        where = chance.randrange(len(flight)) if flight else 0
        kind = chance.choice(["flip", "cut", "repeat", "as it is"])
        if kind == "flip" and flight:
            return flight[:where] + bytes([flight[where] ^ (1 << chance.randrange(8))]) + flight[where + 1 :]
        if kind == "repeat":
            return flight[:where] + flight
        return flight[:where] if kind == "cut" else flight

    context = authority.context("localhost")
    context.minimum_version = context.maximum_version = version
    handles = Handles(AddressPolicy(allow_private=True), verify_with=authority.file)
    answers = {talk(Line(context, spoil), handles) for _ in range(400)}
    handles.close()
    assert answers <= {None, b"", ANSWER, *(ANSWER[:end] for end in range(len(ANSWER)))}
    assert {None, ANSWER} <= answers
