"""The DNS probe: ten types of records, aliases, long answers, refusals, forgeries, and a real resolver."""

import contextlib
import socket
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.addresses import AddressPolicy
from monitors.probes.dns_message import BadMessage, question, read_reply
from monitors.probes.dns_records import same, texts_of
from tests.monitors.probes.name_server import QUESTION, address, name, name_server, record, reply
from tests.monitors.probes.scripted import closed_port

SOA = name("ns.example") + name("root.example") + struct.pack(">IIIII", 7, 3600, 600, 86400, 300)
KINDS = [
    ("A", address("192.0.2.7"), "192.0.2.7"),
    ("AAAA", socket.inet_pton(socket.AF_INET6, "2001:db8::7"), "2001:db8::7"),
    ("CNAME", name("shop.example"), "shop.example"),
    ("MX", struct.pack(">H", 10) + name("mail.example"), "10 mail.example"),
    ("NS", name("ns.example"), "ns.example"),
    ("TXT", b"\x05v=spf\x021 ", "v=spf1 "),
    ("SOA", SOA, "ns.example root.example 7 3600 600 86400 300"),
    ("SRV", struct.pack(">HHH", 1, 2, 443) + name("a.example"), "1 2 443 a.example"),
    ("CAA", b"\0\x05issueca.example", '0 issue "ca.example"'),
    ("PTR", name("host.example"), "host.example"),
]


@pytest.mark.parametrize(("kind", "data", "text"), KINDS, ids=[kind for kind, _, _ in KINDS])
def test_each_type_of_record_is_shown_as_zone_files_write_it(probe, kind, data, text):
    with name_server(lambda asked: [reply(asked, record(kind, data))]) as resolver:
        result = probe("dns", hostname="www.example", record_type=kind, resolver=resolver, expected=[text])
    assert (result.ok, result.detail) == (True, "")
    assert result.facts == {"records": [text], "ttl": 300, "dnssec": False, "resolver": resolver}
    assert 0 < result.latency_ms < 1000


def two_addresses(asked):
    return [reply(asked, record("A", address("192.0.2.8")), record("A", address("192.0.2.7")))]


def test_an_answer_that_differs_from_what_is_expected_fails(probe):
    with name_server(two_addresses) as resolver:
        ask = {"hostname": "www.example", "resolver": resolver}
        assert probe("dns", **ask, expected=["192.0.2.7", "192.0.2.8"]).ok
        failed = probe("dns", **ask, expected=["192.0.2.7"])
    assert failed.failure_class == "assertion"
    assert failed.detail == "The answer was 192.0.2.7, 192.0.2.8; expected was 192.0.2.7."
    assert failed.facts["records"] == ["192.0.2.7", "192.0.2.8"]


@pytest.mark.parametrize(
    ("comparison", "target", "ok"),
    [
        ("equals", "192.0.2.8", True),
        ("not_equals", "192.0.2.8", False),
        ("contains", "192.0.2.", True),
        ("exists", False, False),
    ],
)
def test_records_can_be_asserted_on(probe, comparison, target, ok):
    said = [{"source": "record", "comparison": comparison, "target": target}]
    with name_server(two_addresses) as resolver:
        assert probe("dns", hostname="www.example", resolver=resolver, assertions=said).ok is ok


def test_aliases_are_followed_and_strangers_records_are_not_taken(probe):
    def aliased(asked):
        return [
            reply(
                asked,
                record("CNAME", name("Cdn.example")),
                record("A", address("192.0.2.9"), owner=name("cdn.example")),
                record("A", address("192.0.2.66"), owner=name("evil.example")),
            )
        ]

    with name_server(aliased) as resolver:
        assert probe("dns", hostname="www.example", resolver=resolver).facts["records"] == ["192.0.2.9"]


@pytest.mark.parametrize(("code", "said"), [(3, "does not exist"), (2, "SERVFAIL"), (5, "REFUSED"), (9, "code 9")])
def test_a_resolver_that_says_no_is_dns(probe, code, said):
    with name_server(lambda asked: [reply(asked, code=code)]) as resolver:
        result = probe("dns", hostname="www.example", resolver=resolver)
    assert result.failure_class == "dns"
    assert said in result.detail


def test_no_record_is_dns_unless_none_is_expected(probe):
    with name_server(lambda asked: [reply(asked)]) as resolver:
        assert probe("dns", hostname="www.example", resolver=resolver).failure_class == "dns"
        assert probe("dns", hostname="www.example", resolver=resolver, expected=[]).ok


def test_an_answer_cut_short_is_asked_for_over_tcp(probe):
    many = [record("TXT", bytes([200]) + bytes([97 + number]) * 200) for number in range(20)]
    server = name_server(lambda asked: [reply(asked, flags=0x8380)], lambda asked: reply(asked, *many))
    with server as resolver:
        result = probe("dns", hostname="www.example", record_type="TXT", resolver=resolver)
    assert len(result.facts["records"]) == 20


def test_the_dnssec_flag_is_asked_for_and_required(probe):
    asked_for = []

    def validating(asked):
        asked_for.append(bool(asked[3] & 0x20))
        return [reply(asked, record("A", address("192.0.2.7")), flags=0x81A0)]

    with name_server(validating) as resolver:
        result = probe("dns", hostname="www.example", resolver=resolver, require_dnssec=True)
    assert (result.ok, result.facts["dnssec"], asked_for) == (True, True, [True])
    with name_server(two_addresses) as resolver:
        failed = probe("dns", hostname="www.example", resolver=resolver, require_dnssec=True)
    assert failed.failure_class == "assertion"


def test_forgeries_are_passed_over(probe):
    def forged_first(asked):
        wrong_number = bytes([asked[0] ^ 1]) + asked[1:]
        wrong_name = asked[:12] + name("evil.example") + asked[-15:]
        bad = record("A", address("192.0.2.66"))
        return [
            reply(wrong_number, bad),
            reply(wrong_name, bad),
            b"",
            b"\0" * 12,
            reply(asked, record("A", address("192.0.2.7"))),
        ]

    with name_server(forged_first) as resolver:
        assert probe("dns", hostname="www.example", resolver=resolver).facts["records"] == ["192.0.2.7"]


def test_a_lost_question_is_asked_again_and_silence_is_a_timeout(probe):
    times = []

    def second_time(asked):
        times.append(time.monotonic())
        return two_addresses(asked) if len(times) == 2 else []

    with name_server(second_time) as resolver:
        assert probe("dns", hostname="www.example", resolver=resolver).ok
    with name_server(lambda asked: []) as resolver:
        silent = probe("dns", hostname="www.example", resolver=resolver, timeout_ms=400)
    assert silent.failure_class == "timeout"


def test_a_resolver_that_is_not_there_is_refused(probe):
    resolver = f"127.0.0.1:{closed_port(socket.SOCK_DGRAM)}"
    assert probe("dns", hostname="www.example", resolver=resolver).failure_class == "refused"


def test_a_chosen_resolver_is_judged_as_any_address(probe):
    heard = []
    with name_server(lambda asked: heard.append(asked) or []) as resolver:
        result = probe("dns", hostname="www.example", resolver=resolver, policy=AddressPolicy())
    assert (result.failure_class, heard) == ("blocked", [])


@pytest.mark.parametrize("hostname", ["a..b", "x" * 64 + ".example", ".".join(["abcdefgh"] * 30)])
def test_a_name_that_cannot_be_asked_for_is_dns(probe, hostname):
    assert probe("dns", hostname=hostname, resolver="127.0.0.1:1").failure_class == "dns"


ASKED = question(7, "www.example", 1, dnssec=False)


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail_otherwise_than_it_says(noise):
    head = reply(ASKED)[:6] + struct.pack(">HHH", 3, 0, 0)
    for message in (noise, head + ASKED[12:-11] + noise, head + ASKED[12:-11] + QUESTION + noise):
        for kind in ("A", "MX", "TXT", "SOA", "CAA"):
            with contextlib.suppress(BadMessage):
                texts_of(read_reply(message, ASKED), kind, "www.example")


def test_a_name_that_points_in_circles_is_refused():
    looping = reply(ASKED, record("CNAME", b"\xc0\x0c")).replace(QUESTION, struct.pack(">H", 0xC000 + 29), 1)
    with pytest.raises(BadMessage):
        texts_of(read_reply(looping, ASKED), "A", "www.example")


def test_a_chain_of_pointers_costs_no_time():
    chain = b"".join(struct.pack(">H", 0xC000 + 29 + 2 * max(number - 1, 0)) for number in range(5_000))
    records = [record("A", bytes(4), owner=struct.pack(">H", 0xC000 + 29 + 2 * number)) for number in range(400)]
    started = time.monotonic()
    with pytest.raises(BadMessage):
        read_reply(reply(ASKED, record("TXT", chain[:8_000], owner=b"\0"), *records), ASKED)
    assert time.monotonic() - started < 0.5


@pytest.mark.parametrize(
    ("expected", "found", "kind", "ok"),
    [
        (["10 Mail.Example."], ["10 mail.example"], "MX", True),
        (["2001:DB8:0::7"], ["2001:db8::7"], "AAAA", True),
        (["Text"], ["text"], "TXT", False),
        (["a", "b"], ["b", "a"], "NS", True),
        (["a"], ["b", "a"], "NS", False),
        ([], [], "A", True),
    ],
)
def test_records_are_compared_as_names_are(expected, found, kind, ok):
    assert same(expected, found, kind) is ok
