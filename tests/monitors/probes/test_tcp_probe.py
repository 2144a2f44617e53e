"""What the TCP probe makes of servers that answer, refuse, hang up, hang, drip and never end."""

import time
import tracemalloc

import pytest

from common.addresses import AddressPolicy
from monitors.probes.escapes import unescape
from tests.monitors.probes.scripted import closed_port, forever, hang, tcp_server


def echo(connection):
    while data := connection.recv(1000):
        connection.sendall(b"you said: " + data)


def test_a_port_that_accepts_is_fine(probe):
    with tcp_server(hang) as port:
        result = probe("tcp", host="localhost", port=port)
    assert result.ok
    assert (result.address, result.phases.tls, result.phases.first_byte) == ("127.0.0.1", None, None)
    assert 0 < result.phases.connect <= result.latency_ms


def test_what_is_sent_is_answered_with_what_is_expected(probe):
    with tcp_server(echo) as port:
        result = probe("tcp", host="127.0.0.1", port=port, send=r"PING\r\n\x00\xff", expect=r"PING\r\n\x00")
    assert result.ok
    assert result.body_excerpt == b"you said: PING\r\n\x00\xff"
    assert result.phases.first_byte > 0
    phases = result.phases
    assert result.latency_ms == pytest.approx(phases.dns + phases.connect + phases.first_byte + phases.transfer)


def test_a_greeting_can_be_expected_and_asserted_on(probe):
    said = [
        {"source": "body", "comparison": "matches", "target": "^220 "},
        {"source": "latency", "comparison": "less_than", "target": 4000},
    ]
    with tcp_server(lambda connection: connection.sendall(b"220 mail ready\r\n")) as port:
        assert probe("tcp", host="127.0.0.1", port=port, assertions=said).ok
        said[0]["target"] = "^SSH-"
        failed = probe("tcp", host="127.0.0.1", port=port, assertions=said)
    assert (failed.failure_class, [one.ok for one in failed.assertions]) == ("assertion", [False, True])


@pytest.mark.parametrize(
    ("script", "failure_class"),
    [
        (hang, "timeout"),
        (forever(b"x", pause=0.02), "timeout"),
        (forever(b"x" * 65_536), "too_large"),
        (lambda connection: None, "reset"),
        (lambda connection: connection.sendall(b"wrong"), "assertion"),
    ],
    ids=["hang", "drip", "endless", "hang up", "wrong answer"],
)
def test_each_failure_ends_in_its_class_within_its_timeout(probe, script, failure_class):
    with tcp_server(script) as port:
        started = time.monotonic()
        result = probe("tcp", host="127.0.0.1", port=port, expect="right", timeout_ms=700)
    assert (result.ok, result.failure_class) == (False, failure_class)
    assert time.monotonic() - started < 1.5
    assert result.detail.endswith(".")


def test_an_endless_answer_costs_no_memory(probe):
    with tcp_server(forever(b"x" * 1000)) as port:
        tracemalloc.start()
        try:
            probe("tcp", host="127.0.0.1", port=port, expect="right")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 2 << 20


def test_nobody_listening_is_refused(probe):
    port = closed_port()
    result = probe("tcp", host="127.0.0.1", port=port)
    assert result.failure_class == "refused"
    assert result.detail == f"127.0.0.1 (127.0.0.1) port {port} refused the connection."
    assert result.latency_ms is None


def test_the_second_of_two_addresses_is_dialled_when_the_first_refuses(probe):
    with tcp_server(hang) as port:
        assert probe("tcp", host="localhost", port=port).ok


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "::1", "::ffff:127.0.0.1"])
def test_only_allowed_addresses_are_dialled(probe, host):
    heard = []
    with tcp_server(heard.append) as port:
        result = probe("tcp", host=host, port=port, policy=AddressPolicy())
    assert result.failure_class == "blocked"
    assert heard == []


@pytest.mark.parametrize("host", ["x" * 64 + ".example", "a/b", "user@host", "a b", "[::1]", "x..example", ""])
def test_what_is_no_host_is_dns(probe, host):
    assert probe("tcp", host=host, port=80, timeout_ms=2000).failure_class == "dns"


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("plain", b"plain"),
        (r"a\r\nb\t\0", b"a\r\nb\t\0"),
        (r"\x41\xff", b"A\xff"),
        (r"\\n", b"\\n"),
        (r"\q\x4", rb"\q\x4"),
        ("ü\\", "ü\\".encode()),
    ],
)
def test_escapes_mean_bytes(text, data):
    assert unescape(text) == data


def test_another_answer_than_expected_is_told_from_none(probe):
    with tcp_server(lambda connection: (connection.sendall(b"hello\r\n"), hang(connection))) as port:
        result = probe("tcp", host="127.0.0.1", port=port, expect="never", timeout_ms=300)
    assert (result.failure_class, result.body_excerpt) == ("timeout", b"hello\r\n")
    assert "answered, but not with what is expected" in result.detail
