"""Group commit with a store that the test holds in its hands."""

import asyncio
from datetime import UTC, datetime

import pytest

from signals.ingest import commit as module
from signals.ingest.commit import Full, GroupCommit, Unavailable
from signals.ingest.ping import Ping
from signals.ingest.store import Outcome, StoreUnavailable

T = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def a_ping(number):
    return Ping(f"token{number}", "SUCCESS", T, None, "", "GET", "", False, None, None, True, number)


class HeldStore:
    """Commits when the test lets it; fails as the test says."""

    def __init__(self):
        self.batches, self.failures, self.gate, self.is_closed = [], [], asyncio.Event(), False
        self.gate.set()

    async def write(self, pings):
        await self.gate.wait()
        self.batches.append([ping.token for ping in pings])
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        if any(ping.token == "token666" for ping in pings):
            raise ValueError("cannot be stored")
        return [Outcome(ping.digest, ping.digest, False) for ping in pings]

    async def close(self):
        self.is_closed = True


def run(work, **options):
    async def main():
        store, told = HeldStore(), []
        commit = GroupCommit(store, lambda pings, outcomes: told.append(len(pings)), **options)
        await work(commit, store)
        await commit.stop()
        assert store.is_closed
        return store, told

    return asyncio.run(main())


def test_a_ping_that_finds_it_idle_leaves_at_once_and_the_rest_collect():
    async def work(commit, store):
        store.gate.clear()
        first = commit.submit(a_ping(0))
        await asyncio.sleep(0.01)
        rest = [commit.submit(a_ping(number)) for number in range(1, 30)]
        store.gate.set()
        await asyncio.gather(first, *rest)

    store, told = run(work)
    assert [len(batch) for batch in store.batches] == [1, 29]
    assert told == [1, 29]


def test_a_batch_is_bounded():
    async def work(commit, store):
        await asyncio.gather(*[commit.submit(a_ping(number)) for number in range(25)])

    store, _ = run(work, batch=10)
    assert [len(batch) for batch in store.batches] == [10, 10, 5]


def test_a_full_queue_refuses():
    async def work(commit, store):
        store.gate.clear()
        waiting = [commit.submit(a_ping(number)) for number in range(5)]
        with pytest.raises(Full):
            commit.submit(a_ping(5))
        store.gate.set()
        await asyncio.gather(*waiting)

    run(work, capacity=5)


def test_one_bad_ping_fails_alone():
    async def work(commit, store):
        store.gate.clear()
        waiting = [commit.submit(a_ping(number)) for number in (1, 666, 2)]
        store.gate.set()
        good, bad, other = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(bad, Unavailable)
        assert (good.heartbeat_id, other.heartbeat_id) == (1, 2)

    run(work)


def test_it_waits_for_a_database_that_comes_back():
    async def work(commit, store):
        store.failures = [StoreUnavailable("gone"), StoreUnavailable("gone")]
        assert (await commit.submit(a_ping(3))).heartbeat_id == 3

    run(work)


def test_it_gives_up_on_a_database_that_stays_away(monkeypatch):
    monkeypatch.setattr(module, "GIVE_UP_AFTER_SECONDS", 0.1)

    async def work(commit, store):
        store.failures = [StoreUnavailable("gone")] * 5
        with pytest.raises(Unavailable):
            await commit.submit(a_ping(3))
        store.failures = []
        assert await commit.submit(a_ping(4))

    run(work)


def test_stopping_drains_and_takes_nothing_new():
    async def work(commit, store):
        store.gate.clear()
        waiting = [commit.submit(a_ping(number)) for number in range(3)]
        stopping = asyncio.create_task(commit.stop())
        await asyncio.sleep(0)
        with pytest.raises(Full):
            commit.submit(a_ping(9))
        store.gate.set()
        assert len(await asyncio.gather(*waiting)) == 3
        await stopping

    run(work)


def test_a_client_that_gave_up_holds_back_nobody():
    async def work(commit, store):
        store.gate.clear()
        gone, here = commit.submit(a_ping(1)), commit.submit(a_ping(2))
        gone.cancel()
        store.gate.set()
        assert (await here).heartbeat_id == 2

    run(work)
