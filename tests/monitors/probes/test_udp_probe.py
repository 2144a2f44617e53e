"""What the UDP probe makes of answers, of silence, and of ports that say they are closed."""

import socket
import time

import pytest

from common.addresses import AddressPolicy
from tests.monitors.probes.scripted import closed_port, udp_server


def test_an_expected_answer_is_timed_by_the_kernel(probe):
    with udp_server(lambda data: [data[::-1]]) as port:
        result = probe("udp", host="127.0.0.1", port=port, send="abc", expect="cba")
    assert result.ok
    assert (result.facts, result.body_excerpt) == ({"answered": True}, b"cba")
    assert 0 <= result.latency_ms < 1000


def test_silence_is_fine_unless_an_answer_is_expected(probe):
    with udp_server(lambda data: []) as port:
        quiet = probe("udp", host="127.0.0.1", port=port, send="abc")
        failed = probe("udp", host="127.0.0.1", port=port, send="abc", expect="x", timeout_ms=500)
    assert quiet.ok
    assert quiet.facts == {"answered": False}
    assert (failed.failure_class, failed.latency_ms) == ("timeout", None)


def test_a_lost_datagram_is_sent_again(probe):
    asked = []

    def second_time(data):
        asked.append(data)
        return [b"pong"] if len(asked) == 2 else []

    with udp_server(second_time) as port:
        result = probe("udp", host="127.0.0.1", port=port, send="ping", expect="pong")
    assert (result.ok, asked) == (True, [b"ping"] * 2)
    assert result.latency_ms >= 990


@pytest.mark.parametrize("expect", [None, "x"])
def test_a_closed_port_is_refused(probe, expect):
    started = time.monotonic()
    result = probe("udp", host="127.0.0.1", port=closed_port(socket.SOCK_DGRAM), send="x", expect=expect)
    assert result.failure_class == "refused"
    assert time.monotonic() - started < 3


def test_a_flood_of_wrong_answers_ends(probe):
    with udp_server(lambda data: [b"wrong"] * 500) as port:
        result = probe("udp", host="127.0.0.1", port=port, send="x", expect="right", timeout_ms=1500)
    assert result.failure_class in ("assertion", "too_large")


def test_only_allowed_addresses_are_asked(probe):
    heard = []
    with udp_server(lambda data: heard.append(data) or []) as port:
        result = probe("udp", host="localhost", port=port, send="x", policy=AddressPolicy())
    assert (result.failure_class, heard) == ("blocked", [])
