"""The ICMP probe: what pings say, in a network of its own where they are allowed, and where they are not."""

import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap

import pytest

from common.addresses import AddressPolicy
from monitors.probes.icmp import summary


def pings_allowed():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP).close()
    except PermissionError:
        return False
    return True


@pytest.mark.skipif(pings_allowed(), reason="this kernel allows pings")
def test_a_kernel_that_refuses_is_said_clearly(probe):
    result = probe("icmp", host="127.0.0.1")
    assert result.failure_class == "blocked"
    assert "net.ipv4.ping_group_range" in result.detail


def test_only_allowed_addresses_are_pinged(probe):
    result = probe("icmp", host="localhost", policy=AddressPolicy())
    assert (result.failure_class, "loopback" in result.detail) == ("blocked", True)


def test_the_summary_counts_losses_and_differences():
    assert summary(4, [10.0, 12.0, 11.0]) == {
        "sent": 4,
        "received": 3,
        "loss_percent": 25.0,
        "min_ms": 10.0,
        "mean_ms": 11.0,
        "max_ms": 12.0,
        "jitter_ms": 1.5,
    }
    nothing = summary(2, [])
    assert (nothing["loss_percent"], nothing["mean_ms"], nothing["jitter_ms"]) == (100.0, None, None)


CHECK = textwrap.dedent(
    """
    import json, sys, time
    from common.addresses import AddressPolicy
    from monitors.probes.base import Check
    from monitors.probes.once import run_once
    for settings in json.loads(sys.argv[1]):
        timeout_ms = settings.pop("timeout_ms", 1500)
        check = Check(monitor_id=1, region_id=1, type="icmp", settings=settings, scheduled_at=time.time(),
                      timeout_ms=timeout_ms)
        result = run_once(check, AddressPolicy(allow_private=True))
        print(json.dumps([result.failure_class, result.detail, result.facts, result.latency_ms,
                          result.finished_at - result.started_at]))
    """
)
ALLOW = "echo '0 2147483647' >/proc/sys/net/ipv4/ping_group_range && ip link set lo up"


@pytest.fixture(scope="module")
def ping_all():
    """Ping in a network namespace where pings are allowed, after `prepare`; returns a result for each."""
    namespace = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    if not shutil.which("unshare") or not shutil.which("ip") or subprocess.run([*namespace, "true"]).returncode:
        pytest.skip("needs unshare and ip, and the right to make a network namespace")

    def run(*checks, prepare="true"):
        script = f'{ALLOW} && {prepare} && exec "$@"'
        command = [*namespace, "sh", "-c", script, "sh", sys.executable, "-c", CHECK, json.dumps(checks)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert ran.returncode == 0, ran.stderr
        return [json.loads(line) for line in ran.stdout.splitlines()]

    return run


def test_pings_are_answered_and_measured_over_both_protocols(ping_all):
    for failed, detail, facts, latency, _ in ping_all(
        {"host": "127.0.0.1", "count": 5, "interval_ms": 100}, {"host": "::1", "count": 2, "interval_ms": 100}
    ):
        assert (failed, detail) == (None, "")
        assert facts["received"] == facts["sent"] > 1
        assert facts["loss_percent"] == 0
        assert 0 <= facts["min_ms"] <= facts["mean_ms"] <= facts["max_ms"]
        assert latency == pytest.approx(facts["mean_ms"], abs=0.01)


def test_silence_is_a_timeout_and_no_way_there_unreachable(ping_all):
    silent, unreachable = ping_all(
        {"host": "192.0.2.1", "count": 3, "interval_ms": 100, "timeout_ms": 700},
        {"host": "198.51.100.1"},
        prepare="ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up"
        " && ip address add 192.0.2.2/24 dev v0 && ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev v0",
    )
    assert (silent[0], silent[2]["loss_percent"]) == ("timeout", 100)
    assert silent[1].startswith("3 of 3 pings to 192.0.2.1")
    assert 0.6 < silent[4] < 1.2
    assert unreachable[0] == "unreachable"
