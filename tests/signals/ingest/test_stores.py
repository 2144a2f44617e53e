"""Both stores on the real database: several processes, rows that are held, connections that break."""

import asyncio
import uuid
from datetime import timedelta

import psycopg
import pytest
from django.db import connection

from common import clock
from signals.ingest.commit import GroupCommit
from signals.ingest.ingest import open_store
from signals.ingest.ping import Ping, digest_of
from signals.ingest.postgres import PostgresStore, conninfo
from signals.models import HeartbeatState, Signal
from signals.services import settle
from tests.signals.conftest import state_of


def a_ping(token, at, body="", rid=None, said="SUCCESS"):
    digest = digest_of(said, None, "127.0.0.1", rid, body.encode())
    return Ping(token, said, at, "127.0.0.1", "", "POST", body, False, None, rid, said == "SUCCESS", digest)


def with_stores(count, work):
    async def main():
        stores = [open_store() for _ in range(count)]
        try:
            return await work(*stores)
        finally:
            for store in stores:
                await store.close()

    return asyncio.run(main())


@pytest.fixture
def steady(transactional_db, make_heartbeat, now):
    heartbeats = [make_heartbeat(name=f"job {number}") for number in range(20)]
    for one in heartbeats:
        one.monitor.state.status = "OK"
        one.monitor.state.save()
    HeartbeatState.objects.update(is_steady=True, next_due_at=now, attention_at=now + timedelta(seconds=2))
    return heartbeats


def test_outcomes_stand_where_their_pings_stood(steady, now):
    tokens = [steady[3].token, "x" * 22, steady[1].token, steady[3].token]
    pings = [a_ping(token, now, str(number)) for number, token in enumerate(tokens)]
    outcomes = with_stores(1, lambda store: store.write(pings))
    assert [one and one.heartbeat_id for one in outcomes] == [steady[3].pk, None, steady[1].pk, steady[3].pk]
    assert [one.needs_settling for one in outcomes if one] == [False, False, False]
    ids = [one.signal_id for one in outcomes if one]
    assert sorted(ids) == list(Signal.objects.order_by("id").values_list("id", flat=True))
    assert state_of(steady[3]).settled_signal_id == max(outcomes[0].signal_id, outcomes[3].signal_id)


def test_one_that_is_not_steady_waits_for_the_slow_path(steady, now):
    one = steady[0]
    pings = [a_ping(one.token, now, "a"), a_ping(one.token, now, "b", said="FAIL"), a_ping(one.token, now, "c")]
    outcomes = with_stores(1, lambda store: store.write(pings))
    assert all(outcome.needs_settling for outcome in outcomes)
    state = state_of(one)
    assert (state.is_steady, state.attention_at, state.settled_signal_id) == (False, now, 0)
    settle([one.pk], now=now)
    assert state_of(one).settled_signal_id == outcomes[2].signal_id


def test_times_only_grow(steady, now):
    one = steady[0]

    async def work(store):
        await store.write([a_ping(one.token, now + timedelta(seconds=9), "a")])
        await store.write([a_ping(one.token, now, "b")])

    with_stores(1, work)
    assert state_of(one).last_ping_at == now + timedelta(seconds=9)
    assert state_of(one).next_due_at == now + timedelta(seconds=3609)


def test_processes_with_the_same_heartbeats_in_their_batches_do_not_deadlock(steady, now):
    tokens = [one.token for one in steady]

    async def work(*stores):
        async def write(store, number):
            for count in range(15):
                order = tokens if (count + number) % 2 else tokens[::-1]
                await store.write([a_ping(token, clock.now(), f"{number} {count}") for token in order])

        await asyncio.gather(*[write(store, number) for number, store in enumerate(stores)])

    with_stores(3, work)
    assert Signal.objects.count() == 3 * 15 * 20


def test_two_processes_with_the_same_ping_store_it_once(steady):
    async def work(one, other):
        at = clock.now()
        for store in (one, other, one):
            outcomes = await store.write([a_ping(steady[0].token, at, rid=uuid.UUID(int=7))])
            yield_ids.append(outcomes[0].signal_id)

    yield_ids = []
    with_stores(2, work)
    assert yield_ids[1:] == [None, None]
    assert Signal.objects.count() == 1


@pytest.fixture
def postgres(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    return conninfo(connection.settings_dict)


@pytest.mark.postgres
def test_a_row_that_is_held_too_long_fails_alone(postgres, steady, monkeypatch):
    monkeypatch.setattr("signals.ingest.postgres._OPTIONS", "-c lock_timeout=200")

    async def work(store):
        commit = GroupCommit(store, lambda *_: None)
        async with await psycopg.AsyncConnection.connect(**postgres) as other:
            await other.execute(
                "SELECT 1 FROM signals_heartbeatstate WHERE heartbeat_id = %s FOR UPDATE", [steady[0].pk]
            )
            waiting = [commit.submit(a_ping(one.token, clock.now())) for one in steady[:3]]
            answers = await asyncio.gather(*waiting, return_exceptions=True)
        await commit.stop()
        return answers

    held, *free = with_stores(1, work)
    assert isinstance(held, Exception)
    assert [one.heartbeat_id for one in free] == [one.pk for one in steady[1:3]]


@pytest.mark.postgres
def test_a_broken_connection_is_opened_again(postgres, steady):
    async def work(store):
        commit = GroupCommit(store, lambda *_: None)
        first = await commit.submit(a_ping(steady[0].token, clock.now(), "a"))
        async with await psycopg.AsyncConnection.connect(**postgres, autocommit=True) as other:
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'websignal pings'"
            )
        second = await commit.submit(a_ping(steady[0].token, clock.now(), "b"))
        await commit.stop()
        return first.signal_id, second.signal_id

    first, second = with_stores(1, work)
    assert second > first
    assert Signal.objects.count() == 2


def test_djangos_settings_become_libpqs():
    database = {"NAME": "ws", "USER": "u", "PASSWORD": "", "HOST": "h", "PORT": "5433",
                "OPTIONS": {"sslmode": "require", "pool": {"min_size": 1}}}  # fmt: skip
    assert conninfo(database) == {"dbname": "ws", "user": "u", "host": "h", "port": "5433", "sslmode": "require"}
    assert isinstance(PostgresStore(database), PostgresStore)
