"""What is no longer watched is not heard of, closed or not, and its number can be watched again."""

import os
import socket
import threading

import pytest

from monitors.engine.poller import READ, Poller


@pytest.fixture
def poller():
    poller = Poller()
    yield poller
    poller.close()


@pytest.fixture
def readable():
    ours, theirs = socket.socketpair()
    theirs.send(b"x")
    yield ours
    ours.close()
    theirs.close()


def test_what_was_to_be_closed_and_is_not_wakes_the_loop_once_at_most(poller, readable):
    heard = []
    poller.watch(readable.fileno(), READ, lambda fd, events: heard.append(fd))
    poller.forget_closing(readable.fileno())
    assert [poller.wait(0), poller.wait(0), heard] == [1, 0, []]


def test_what_was_to_be_closed_and_is_not_can_be_watched_again(poller, readable):
    heard = []
    poller.watch(readable.fileno(), READ, lambda fd, events: None)
    poller.forget_closing(readable.fileno())
    poller.watch(readable.fileno(), READ, lambda fd, events: heard.append(fd))
    assert (poller.wait(0), heard) == (1, [readable.fileno()])


def test_a_number_that_is_used_again_after_closing_is_watched(poller, readable):
    heard, number = [], os.dup(readable.fileno())
    poller.watch(number, READ, lambda fd, events: None)
    poller.forget_closing(number)
    os.close(number)
    os.dup2(readable.fileno(), number)
    poller.watch(number, READ, lambda fd, events: heard.append(fd))
    assert poller.wait(0) >= 1
    assert heard == [number]
    os.close(number)


def test_after_the_first_event_others_are_waited_for(poller, readable):
    heard, (ours, theirs) = [], socket.socketpair()
    late = threading.Timer(0.05, theirs.send, (b"x",))
    with ours, theirs:
        expected = {readable.fileno(), ours.fileno()}
        for fd in expected:
            poller.watch(fd, READ, lambda fd, events: heard.append(fd))
        late.start()
        assert poller.wait(1, gather_seconds=0.5) == 2
        late.join()
    assert set(heard) == expected


def test_one_heard_of_twice_while_others_gather_is_handed_out_once(poller, readable):
    heard = []
    poller.watch(readable.fileno(), READ, lambda fd, events: heard.append(fd))
    assert (poller.wait(1, gather_seconds=0.001), heard) == (1, [readable.fileno()])


def test_what_is_watched_once_is_heard_of_once_and_can_be_watched_again(poller, readable):
    heard = []
    for _ in range(2):
        poller.watch_once(readable.fileno(), READ, lambda fd, events: heard.append(fd))
        assert [poller.wait(0), poller.wait(0)] == [1, 0]
    assert heard == [readable.fileno()] * 2
