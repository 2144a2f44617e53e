"""Sockets in the engine's loop: probes without libcurl, their deadlines, and what they must not cost others."""

import select
import socket
import time

import pytest

from common.addresses import AddressPolicy
from monitors.engine.poller import READ, WRITE, Poller
from monitors.engine.waits import Waits
from monitors.probes.base import Check
from monitors.probes.operations import Wait
from tests.monitors.probes.health_server import health
from tests.monitors.probes.name_server import address, name_server, record, reply
from tests.monitors.probes.scripted import accept_then, closed_port, forever, hang, tcp_server, udp_server


@pytest.fixture
def waits():
    poller = Poller()
    waiting = Waits(poller)
    waiting.poller = poller
    yield waiting
    poller.close()


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def turn(waits, seconds=0.0):
    waits.poller.wait(seconds)
    waits.turn(time.monotonic())


def test_a_socket_that_becomes_ready_is_answered_once(waits, pair):
    answers = []
    ours, theirs = pair
    waits.add(Wait(ours.fileno(), READ, time.monotonic() + 5), answers.append)
    turn(waits)
    theirs.send(b"xx")
    turn(waits)
    turn(waits)
    assert answers == [True]
    waits.add(Wait(ours.fileno(), WRITE, time.monotonic() + 5), answers.append)
    turn(waits)
    assert answers == [True, True]


def test_a_deadline_answers_no_and_later_data_nothing(waits, pair):
    answers = []
    ours, theirs = pair
    waits.add(Wait(ours.fileno(), READ, time.monotonic() + 0.02), answers.append)
    turn(waits, 0.05)
    theirs.send(b"x")
    turn(waits)
    assert answers == [False]


def test_a_hundred_waits_on_one_socket_leave_one_alarm(waits, pair):
    ours, _theirs = pair
    answers = []
    ends = time.monotonic() + 30
    for _ in range(100):
        waits.add(Wait(ours.fileno(), WRITE, ends), answers.append)
        turn(waits)
    assert (len(answers), len(waits._alarms)) == (100, 1)


def test_a_later_wait_with_an_earlier_or_later_deadline_keeps_its_own(waits, pair):
    answers = []
    ours, _theirs = pair
    begun = time.monotonic()
    for seconds in (0.05, 0.5, 0.1):
        waits.add(Wait(ours.fileno(), WRITE, begun + seconds), answers.append)
        turn(waits)
    waits.add(Wait(ours.fileno(), READ, begun + 0.2), answers.append)
    while len(answers) < 4:
        turn(waits, max(waits.wanted_at - time.monotonic(), 0))
    assert answers == [True, True, True, False]
    assert time.monotonic() - begun == pytest.approx(0.2, abs=0.1)


def test_a_number_used_again_by_another_socket_keeps_no_old_deadline(waits):
    answers = []
    for seconds in (0.03, 5):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            fd = sock.fileno()
            waits.add(Wait(fd, WRITE, time.monotonic() + seconds), answers.append)
            turn(waits)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert sock.fileno() == fd
        waits.add(Wait(fd, READ, time.monotonic() + 5), answers.append)
        turn(waits, 0.06)
    assert answers == [True, True]


def test_the_masks_are_those_of_both_drivers():
    assert (READ, WRITE) == (select.POLLIN, select.POLLOUT)


@pytest.fixture
def socket_check():
    """Make a check of any type, due now or in `seconds`."""
    numbers = iter(range(1, 1_000_000))

    def make(type, *, seconds=0.0, timeout_ms=3000, second_look=False, **settings):
        return Check(
            monitor_id=next(numbers),
            region_id=1,
            type=type,
            settings=settings,
            scheduled_at=time.time() + seconds,
            timeout_ms=timeout_ms,
            second_look=second_look,
        )

    return make


def test_every_kind_of_socket_runs_beside_the_others(engine, store, socket_check, authority):
    answers = name_server(lambda asked: [reply(asked, record("A", address("192.0.2.7")))])
    greeting = tcp_server(lambda connection: connection.sendall(b"220 hello\r\n"))
    with (
        answers as resolver,
        greeting as tcp,
        udp_server(lambda data: [data]) as udp,
        tcp_server(hang, authority.context()) as tls,
    ):
        for _ in range(20):
            store.add(
                socket_check("tcp", host="localhost", port=tcp, expect="hello"),
                socket_check("udp", host="127.0.0.1", port=udp, send="x", expect="x"),
                socket_check("tls", host="localhost", port=tls),
                socket_check("dns", hostname="www.example", resolver=resolver),
            )
        running = engine()
        results = store.wait_results(80)
    assert [result.detail for result in results if not result.ok] == []
    assert (running.stats().in_flight, running.stats().broken_total) == (0, 0)
    assert running._loop._timed_here == 0


def test_hostile_sockets_delay_nobody_and_end_in_time(engine, store, socket_check, target, check):
    with (
        tcp_server(hang) as silent,
        tcp_server(forever(b"x" * 65_536)) as endless,
        tcp_server(forever(b"x", pause=0.01)) as dripping,
    ):
        bad = {silent: "timeout", endless: "too_large", dripping: "timeout", closed_port(): "refused"}
        for _ in range(10):
            store.add(
                *(socket_check("tcp", host="127.0.0.1", port=port, expect="right", timeout_ms=1000) for port in bad)
            )
        store.add(*(socket_check("tls", host="127.0.0.1", port=silent, timeout_ms=1000) for _ in range(20)))
        store.add(*(check(target.url(), seconds=number / 50) for number in range(40)))
        running = engine()
        results = store.wait_results(100)
    for result in results:
        port = result.check.settings.get("port")
        assert result.failure_class == bad.get(port)
        assert result.finished_at - result.started_at < 2
    assert max(result.lag_ms for result in results if result.check.type == "http") < 500
    assert running.stats().broken_total == 0


def test_a_second_look_dials_again(engine, store, socket_check):
    store.add(socket_check("tcp", host="127.0.0.1", port=closed_port(), second_look=True))
    engine()
    result = store.wait_results(1)[0]
    assert (result.failure_class, result.first_look) == ("refused", "refused")


def test_the_guard_holds_for_sockets(engine, store, socket_check):
    heard = []
    with tcp_server(heard.append) as port:
        store.add(
            socket_check("tcp", host="localhost", port=port),
            socket_check("tls", host="::ffff:127.0.0.1", port=port),
            socket_check("udp", host="127.0.0.1", port=port, send="x"),
            socket_check("dns", hostname="www.example", resolver=f"localhost:{port}"),
        )
        engine(policy=AddressPolicy())
        assert [result.failure_class for result in store.wait_results(4)] == ["blocked"] * 4
    assert heard == []


def test_the_operators_own_name_servers_are_asked_even_where_private_addresses_are_not(engine, store, socket_check):
    with name_server(lambda asked: [reply(asked, record("A", address("192.0.2.7")))]) as resolver:
        store.add(socket_check("dns", hostname="www.example", expected=["192.0.2.7"]))
        engine(policy=AddressPolicy(), nameservers=[resolver])
        result = store.wait_results(1)[0]
    assert (result.ok, result.facts["resolver"]) == (True, resolver)


def test_a_flood_of_empty_messages_delays_nobody(engine, store, socket_check, target, check):
    with tcp_server(accept_then(*[b"\x81\x00"] * 40_000)) as flooding:
        store.add(
            *(
                socket_check("websocket", url=f"ws://127.0.0.1:{flooding}/", expect="never", timeout_ms=2000)
                for _ in range(3)
            ),
            *(check(target.url(), seconds=number / 50) for number in range(40)),
        )
        engine()
        results = store.wait_results(43)
    assert {result.failure_class for result in results if result.check.type == "websocket"} == {"too_large"}
    fine = [result for result in results if result.check.type == "http"]
    assert all(result.ok for result in fine)
    assert max(result.lag_ms for result in fine) < 500


def test_probes_over_libcurl_and_ones_with_work_aside_run_in_the_loop_too(engine, store, socket_check):
    with tcp_server(health()) as grpc, tcp_server(accept_then(b"\x81\x02hi")) as websocket:
        for _ in range(10):
            store.add(
                socket_check("grpc", host="127.0.0.1", port=grpc, tls="none"),
                socket_check("websocket", url=f"ws://127.0.0.1:{websocket}/", expect="hi"),
                socket_check("domain", hostname="shop.example", server=f"http://127.0.0.1:{closed_port()}/"),
            )
        running = engine()
        results = store.wait_results(30)
    assert {(result.check.type, result.failure_class) for result in results} == {
        ("grpc", None),
        ("websocket", None),
        ("domain", "refused"),
    }
    assert running.stats().broken_total == 0
