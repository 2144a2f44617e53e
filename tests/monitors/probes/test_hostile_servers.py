"""Every type that speaks over TCP, and DNS over either, against hostile servers.

Each look ends in a class, in words, within its timeout.
"""

import struct

import pytest

from tests.monitors.probes.hostile import BEHAVIOURS, GARBAGE, TYPES, drip, misbehave, question, say
from tests.monitors.probes.name_server import address, both, record, reply
from tests.monitors.probes.scripted import forever, hang, tcp_server, udp_server

TIMEOUT_MS = 700
BUSY_SECONDS = 2.0  # of a machine that does other things too


def ended_well(result, classes):
    assert result.failure_class in classes, result.detail
    assert result.detail.endswith("."), result.detail
    assert result.finished_at - result.started_at < TIMEOUT_MS / 1000 + BUSY_SECONDS
    return True


@pytest.mark.slow  # each waits; `engine/test_hostile.py` has all of them at once
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("type", TYPES)
def test_it_ends_in_its_class_within_its_timeout(probe, type, behaviour):
    script, classes = misbehave(type, behaviour)
    with tcp_server(script) as port:
        asked, settings = question(type, port)
        assert ended_well(probe(asked, timeout_ms=TIMEOUT_MS, **settings), classes)


A_RECORD = record("A", address("192.0.2.66"))
DATAGRAMS = {
    "babbles": (lambda asked: [GARBAGE], {"timeout", "dns"}),
    "floods with others' answers": (lambda asked: [reply(b"xx" + asked[2:], A_RECORD)] * 500, {"too_large"}),
    "floods with nothing": (lambda asked: [b""] * 500, {"too_large"}),
    "asks back": (lambda asked: [asked], {"timeout", "dns"}),
    "announces more than it sends": (lambda asked: [reply(asked)[:6] + b"\xff\xff" + reply(asked)[8:]], {"timeout"}),
    "answers a long name": (lambda asked: [reply(asked, b"\x3f" + b"a" * 63 + A_RECORD)], {"dns"}),
}


@pytest.mark.parametrize("behaviour", DATAGRAMS)
def test_a_hostile_resolver_ends_in_its_class(probe, behaviour):
    answers, classes = DATAGRAMS[behaviour]
    with udp_server(answers) as port:
        result = probe("dns", hostname="www.example", resolver=f"127.0.0.1:{port}", timeout_ms=TIMEOUT_MS)
    assert ended_well(result, classes)


STREAMS = {
    "never answers": (hang, {"timeout"}),
    "announces what never comes": (say(b"\xff\xff"), {"timeout"}),
    "drips": (drip(struct.pack(">H", 500)), {"timeout"}),
    "announces nothing": (say(b"\0\0"), {"dns"}),
    "babbles": (forever(GARBAGE), {"dns"}),
    "hangs up": (lambda connection: None, {"reset"}),
    "hangs up in the middle": (lambda connection: connection.sendall(b"\0\x50half"), {"reset"}),
}


@pytest.mark.parametrize("behaviour", STREAMS)
def test_a_resolver_that_is_hostile_over_tcp_only_ends_in_its_class(probe, behaviour):
    script, classes = STREAMS[behaviour]
    with both(lambda asked: [reply(asked, flags=0x8380)], script) as port:
        result = probe("dns", hostname="www.example", resolver=f"127.0.0.1:{port}", timeout_ms=TIMEOUT_MS)
    assert ended_well(result, classes)
