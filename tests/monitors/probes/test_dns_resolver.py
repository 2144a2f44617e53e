"""The DNS probe against a real resolver."""

import os
import shutil
import socket
import subprocess
import time

import pytest

from tests.monitors.probes.name_server import address, name_server, record, reply
from tests.monitors.probes.scripted import closed_port

AUTHORITY = "127.0.0.2"  # where it is the name server of a zone
AUTHENTIC = 0x81A0  # a response that the upstream says it has validated (RFC 4035 section 3.2.3)
COMMON = [
    "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1", f"--listen-address={AUTHORITY}", "--bind-interfaces",
    "--user=root", "--pid-file=", "--conf-file=/dev/null", "--local=/test/",
]  # fmt: skip


def upstream(asked):
    """What dnsmasq is told by those it asks itself."""
    name = asked[12:].split(b"\0")[0]
    if b"broken" in name:
        return [reply(asked, code=2)]
    if b"refused" in name:
        return [reply(asked, code=5)]
    if b"silent" in name:
        return []
    return [reply(asked, record("A", address("192.0.2.9")), flags=AUTHENTIC if b"signed" in name else 0x8180)]


@pytest.fixture(scope="module")
def dnsmasq():
    with name_server(upstream) as above:
        yield from running_dnsmasq(above.replace(":", "#"))


def running_dnsmasq(above):
    program = shutil.which("dnsmasq", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if program is None:
        pytest.skip("needs Debian's dnsmasq-base")
    options = [
        "--address=/www.shop.test/192.0.2.7",
        "--cname=alias.shop.test,known.shop.test",
        "--host-record=known.shop.test,192.0.2.8,2001:db8::8",
        "--mx-host=shop.test,mail.shop.test,10",
        "--txt-record=shop.test,v=spf1 -all",
        "--srv-host=_sip._tcp.shop.test,sip.shop.test,5060,1,2",
        "--caa-record=shop.test,0,issue,ca.test",
        "--ptr-record=7.2.0.192.in-addr.arpa,www.shop.test",
        f"--auth-server=ns.zone.test,{AUTHORITY}",
        "--auth-zone=zone.test",
        "--auth-soa=7,hostmaster.zone.test",
        f"--server=/above.test/{above}",
        "--proxy-dnssec",
        *(f"--txt-record=long.test,{chr(97 + number) * 200}" for number in range(20)),
    ]
    for _ in range(5):
        # A port may be taken between choosing it and listening on it: by its TCP side, or by a test beside this one.
        port = closed_port(socket.SOCK_DGRAM)
        running, said = started([program, "-k", f"--port={port}", *COMMON, *options], port)
        if not said:
            break
    else:
        pytest.skip(f"dnsmasq does not run here: {said}")
    yield f"127.0.0.1:{port}"
    running.terminate()
    running.communicate(timeout=5)


def started(command, port):
    """The process once it listens, and nothing; or what it said when it ended instead."""
    running = subprocess.Popen(command, stderr=subprocess.PIPE)
    while running.poll() is None:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return running, ""
        time.sleep(0.02)
    return running, running.communicate(timeout=5)[1].decode()[:200] or "it ended"


@pytest.mark.parametrize(
    ("hostname", "kind", "expected"),
    [
        ("www.shop.test", "A", ["192.0.2.7"]),
        ("alias.shop.test", "AAAA", ["2001:db8::8"]),
        ("alias.shop.test", "CNAME", ["known.shop.test"]),
        ("shop.test", "MX", ["10 mail.shop.test"]),
        ("shop.test", "TXT", ["v=spf1 -all"]),
        ("_sip._tcp.shop.test", "SRV", ["1 2 5060 sip.shop.test"]),
        ("shop.test", "CAA", ['0 issue "ca.test"']),
        ("192.0.2.7", "PTR", ["www.shop.test"]),
        ("long.test", "TXT", [chr(97 + number) * 200 for number in range(20)]),
    ],
)
def test_a_real_resolver_is_understood(probe, dnsmasq, hostname, kind, expected):
    result = probe("dns", hostname=hostname, record_type=kind, resolver=dnsmasq, expected=expected)
    assert result.ok, result.detail


def test_a_real_resolver_says_that_a_name_does_not_exist(probe, dnsmasq):
    assert "NXDOMAIN" in probe("dns", hostname="nobody.test", resolver=dnsmasq).detail


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("NS", ["ns.zone.test"]), ("SOA", ["ns.zone.test hostmaster.zone.test 7 1200 180 1209600 600"])],
)
def test_a_zone_names_its_server_and_its_start(probe, dnsmasq, kind, expected):
    resolver = dnsmasq.replace("127.0.0.1", AUTHORITY)
    result = probe("dns", hostname="zone.test", record_type=kind, resolver=resolver, expected=expected)
    assert result.ok, result.detail


@pytest.mark.parametrize(
    ("hostname", "failure_class", "said"),
    [
        ("broken.above.test", "dns", "SERVFAIL"),
        ("refused.above.test", "dns", "REFUSED"),
        ("silent.above.test", "timeout", "did not answer in time"),
    ],
)
def test_what_a_real_resolver_cannot_find_out_ends_in_its_class(probe, dnsmasq, hostname, failure_class, said):
    result = probe("dns", hostname=hostname, resolver=dnsmasq, timeout_ms=600)
    assert (result.failure_class, said in result.detail) == (failure_class, True), result.detail


@pytest.mark.parametrize(("hostname", "is_authentic"), [("signed.above.test", True), ("plain.above.test", False)])
def test_the_flag_of_a_validating_resolver_is_read(probe, dnsmasq, hostname, is_authentic):
    result = probe("dns", hostname=hostname, resolver=dnsmasq, require_dnssec=True)
    assert (result.ok, result.facts["dnssec"]) == (is_authentic, is_authentic), result.detail
