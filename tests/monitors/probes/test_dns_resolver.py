"""The DNS probe against a real resolver."""

import os
import shutil
import socket
import subprocess
import time

import pytest

from tests.monitors.probes.scripted import closed_port

COMMON = [
    "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1", "--bind-interfaces", "--user=root", "--pid-file=",
    "--conf-file=/dev/null", "--local=/test/",
]  # fmt: skip


@pytest.fixture(scope="module")
def dnsmasq():
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
