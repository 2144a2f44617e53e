"""HTTPS through rustls: whom it leaves to libcurl, for how long, and what its times say."""

import socket
import ssl
import time

import pytest
import trustme

from monitors.probes import handles as handles_module
from monitors.probes.handles import LeftToLibcurl
from monitors.probes.http import is_direct
from monitors.probes.request import request_of
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
