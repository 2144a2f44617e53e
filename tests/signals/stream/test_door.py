"""Judging callers beside the event loop: one connection for all who wait, none for those who do not."""

import asyncio
import threading
import time

import pytest
from django.db import connection, connections

from accounts.models import User
from signals.stream.door import Door
from signals.stream.viewers import Refused


@pytest.fixture
def asked(transactional_db):
    """`asked(work, …)`: what a door answers to all of them at once."""

    def run(*works):
        async def main():
            door = Door()
            try:
                answers = await asyncio.gather(*map(door.ask, works), return_exceptions=True)
                return answers, await door.ask(lambda: connection.connection)
            finally:
                door.close()

        return asyncio.run(main())

    return run


def handle():
    """Asks the database, and says over which connection and in which thread."""
    time.sleep(0.01)
    User.objects.exists()
    return connection.connection, threading.current_thread().name


def test_all_who_wait_share_one_connection_which_then_is_given_back(asked):
    answers, left_open = asked(*[handle] * 20)
    assert len(set(answers)) == 1
    assert left_open is None


def test_the_door_stays_open_behind_someone_who_is_refused(asked):
    def refuse():
        handle()
        raise Refused(401, "No.")

    answers, left_open = asked(refuse, handle)
    assert [type(one) for one in answers] == [Refused, tuple]
    assert left_open is None


def test_a_connection_that_broke_is_not_handed_on(asked):
    broken = []

    def breaks():
        broken.append(handle()[0])
        raise OSError("the database went away")

    answers, _ = asked(breaks, handle)
    assert isinstance(answers[0], OSError)
    assert answers[1][0] is not broken[0]


def test_nothing_of_this_thread_is_closed(asked, alice):
    before = connections["default"].connection
    asked(handle)
    assert connections["default"].connection is before
