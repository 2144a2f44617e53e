"""What is no longer watched is not heard of, closed or not, and its number can be watched again."""

import os
import socket

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
