"""An outage of our own network is told from one of the targets."""

import socket
import time

import pytest
from django.core.exceptions import ImproperlyConfigured

from monitors.probes.base import Check, Result
from monitors.scheduling.reference import OwnNetwork


def results(*classes, first=1):
    made = []
    for number, failure_class in enumerate(classes, start=first):
        check = Check(monitor_id=number, region_id=1, type="http", settings={}, scheduled_at=0, timeout_ms=1000)
        one = Result(check=check, started_at=0, finished_at=1, lag_ms=0, loop_lag_ms=0)
        if failure_class:
            one.fail(failure_class, "It failed.")
        made.append(one)
    return made


@pytest.fixture
def down():
    """A host:port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{sock.getsockname()[1]}"


@pytest.fixture
def up():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


OUTAGE = ["timeout", "dns", "refused", "reset", "unreachable"]


def test_without_reference_hosts_everything_is_believed():
    assert len(OwnNetwork([]).believable(results(*OUTAGE))) == 5


def test_what_failed_on_the_way_is_left_out_when_the_references_fail_too(down):
    batch = results(*OUTAGE, "http_status", None)
    assert OwnNetwork([down]).believable(batch) == batch[5:]


def test_one_reference_that_answers_is_enough(down, up):
    assert len(OwnNetwork([down, up]).believable(results(*OUTAGE))) == 5


def test_few_failures_among_many_are_believed(down):
    batch = results(*OUTAGE, *[None] * 10)
    assert OwnNetwork([down]).believable(batch) == batch


def test_results_that_come_one_by_one_are_judged_together(down):
    network = OwnNetwork([down])
    kept = [network.believable(results("timeout", first=number)) for number in range(1, 9)]
    assert [len(one) for one in kept] == [1, 1, 1, 1, 0, 0, 0, 0]


def test_one_target_that_fails_again_and_again_proves_nothing(down):
    network = OwnNetwork([down])
    assert all(network.believable(results("timeout")) for _ in range(20))


def test_the_references_are_not_asked_for_every_batch(down, monkeypatch):
    network, asked = OwnNetwork([down]), []
    monkeypatch.setattr("monitors.scheduling.reference._any_answers", lambda hosts: bool(asked.append(time.time())))
    for _ in range(5):
        network.believable(results(*OUTAGE))
    assert len(asked) == 1


@pytest.mark.parametrize("host", ["example.org", ":53", "example.org:", "example.org:x", "example.org:70000"])
def test_a_host_without_a_port_stops_the_start(host):
    with pytest.raises(ImproperlyConfigured, match="host:port"):
        OwnNetwork([host])


def test_a_region_has_reference_hosts_of_its_own_or_those_of_the_start(down, up):
    network = OwnNetwork([down])
    network.use(f" {up} ,")
    assert len(network.believable(results(*OUTAGE))) == 5
    network.use("")
    assert network.believable(results(*OUTAGE)) == []
