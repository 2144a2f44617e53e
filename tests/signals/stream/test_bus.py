"""Who hears what in one process, and what is replayed."""

import asyncio
import threading
import time

import pytest

from signals.stream import bus as module
from signals.stream.bus import Bus, Subscription, make_event, read_id


def say(bus, workspace_id, text, check=None, event_id=None):
    bus.deliver(make_event(event_id or bus.next_id(), workspace_id, check, text))


def heard(subscription):
    return [event and event.frame.decode().split("data: ")[1].strip() for event in subscription.taken()]


def run(work):
    async def main():
        await work(Bus())

    asyncio.run(main())


def test_a_workspace_hears_its_own_and_a_check_only_itself():
    async def work(bus):
        mine, check, other = Subscription(1, None), Subscription(1, "t"), Subscription(2, None)
        for one in (mine, check, other):
            bus.subscribe(one, None)
        say(bus, 1, "a")
        say(bus, 1, "b", check="t")
        say(bus, 2, "c", check="u")
        await asyncio.sleep(0)
        assert (heard(mine), heard(check), heard(other)) == (["a", "b"], ["b"], ["c"])
        assert bus.workspaces == {1, 2}
        bus.unsubscribe(other)
        assert bus.workspaces == {1}

    run(work)


def test_what_was_missed_is_replayed_without_a_gap():
    async def work(bus):
        say(bus, 1, "before")
        last = bus.last_id
        say(bus, 1, "missed")
        say(bus, 2, "not mine")
        one = Subscription(1, None)
        missed = bus.subscribe(one, last)
        say(bus, 1, "after")
        await asyncio.sleep(0)
        assert [event.frame.decode().split("data: ")[1].strip() for event in missed] == ["missed"]
        assert heard(one) == ["after"]

    run(work)


def test_old_events_are_forgotten():
    async def work(bus):
        old = int((time.time() - module.REPLAY_SECONDS - 5) * 1000)
        say(bus, 1, "old", event_id=(old, 0))
        say(bus, 1, "new")
        assert len(bus.subscribe(Subscription(1, None), (0, 0))) == 1

    run(work)


def test_ids_grow_also_within_a_millisecond():
    bus = Bus()
    ids = [bus.next_id() for _ in range(2000)]
    assert ids == sorted(set(ids))


def test_many_threads_may_speak():
    async def work(bus):
        one = Subscription(1, None)
        bus.subscribe(one, None)
        threads = [threading.Thread(target=lambda: [say(bus, 1, "x") for _ in range(50)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
        assert len(heard(one)) == 200

    run(work)


def test_one_that_does_not_read_is_ended(monkeypatch):
    monkeypatch.setattr(module, "MOST_PENDING", 3)

    async def work(bus):
        slow = Subscription(1, None)
        bus.subscribe(slow, None)
        for text in "abcd":
            say(bus, 1, text)
        await asyncio.sleep(0)
        assert heard(slow) == ["a", "b", "c", None]

    run(work)


def test_stopping_ends_all_also_those_that_come_late():
    async def work(bus):
        one, late = Subscription(1, None), Subscription(1, None)
        bus.subscribe(one, None)
        bus.stop()
        bus.subscribe(late, None)
        await asyncio.sleep(0)
        assert heard(one) == heard(late) == [None]

    run(work)


@pytest.mark.parametrize("text", ["", "junk", "1", "1-", "-1-2", "9" * 40 + "-0", "1-0\n", "٣-٤"])
def test_a_junk_last_event_id_is_none(text):
    assert read_id(text) is None
