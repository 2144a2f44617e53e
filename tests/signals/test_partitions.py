"""Signals by day on PostgreSQL: made ahead, dropped whole, and nothing is lost where a day has no partition."""

import asyncio
from datetime import UTC, datetime, timedelta
from importlib import import_module

import psycopg
import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test.utils import CaptureQueriesContext

from common import partitions
from signals.ingest.postgres import _arrays, statement
from signals.models import HeartbeatState, Signal
from signals.selectors import signal_history
from signals.services import settle
from signals.upkeep import SIGNALS_BY_DAY, drop_old_signals
from tests.signals.ingest.test_stores import a_ping, with_stores
from tests.signals.test_settling import store

pytestmark = pytest.mark.django_db
only_postgres = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="only PostgreSQL has partitions")
MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)


def signal_at(heartbeat, at):
    return Signal.objects.create(heartbeat=heartbeat, type="SUCCESS", created_at=at)


def table_of(signal):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM signals_signal WHERE id = %s", [signal.pk])
        return cursor.fetchone()[0]


def plan_of(sql, params=()):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}", params)
        return "\n".join(line for (line,) in cursor.fetchall())


@only_postgres
def test_days_are_made_ahead_and_signals_that_came_before_theirs_move_into_it(heartbeat, now):
    early, old = signal_at(heartbeat, now), signal_at(heartbeat, now - timedelta(days=3))
    assert table_of(early) == table_of(old) == "signals_signal_default"
    SIGNALS_BY_DAY.tend(now=now)
    SIGNALS_BY_DAY.tend(now=now)
    assert table_of(early) == "signals_signal_20260302"
    assert table_of(old) == "signals_signal_default"
    assert table_of(signal_at(heartbeat, now + timedelta(days=7))) == "signals_signal_20260309"
    assert list(signal_history(heartbeat, now=now).values_list("pk", flat=True))[1:] == [early.pk, old.pk]


@only_postgres
def test_old_days_are_dropped_whole_and_old_strays_deleted(heartbeat, now, settings):
    settings.RESULT_RETENTION_DAYS = 30
    SIGNALS_BY_DAY.tend(now=now)
    kept, _, _ = (signal_at(heartbeat, now + timedelta(days=days)) for days in (7, 0, -60))
    HeartbeatState.objects.update(settled_signal_id=10**9)
    assert drop_old_signals(now=now + timedelta(days=31, hours=6)) == 1
    assert Signal.objects.get() == kept
    assert now.date() not in SIGNALS_BY_DAY.days_there()


@only_postgres
def test_a_day_with_a_signal_that_had_no_effect_yet_is_kept(heartbeat, now, settings):
    settings.RESULT_RETENTION_DAYS = 30
    SIGNALS_BY_DAY.tend(now=now)
    waiting = store(heartbeat, "SUCCESS", now + timedelta(days=1))
    later = now + timedelta(days=40)
    drop_old_signals(now=later)
    assert Signal.objects.get() == waiting
    assert SIGNALS_BY_DAY.days_there()[0] == (now + timedelta(days=1)).date()
    settle([heartbeat.pk], now=later)
    drop_old_signals(now=later)
    assert not Signal.objects.exists()


@only_postgres
def test_a_history_between_two_instants_reads_their_days_only(heartbeat, now):
    SIGNALS_BY_DAY.tend(now=now)
    page = signal_history(heartbeat, now=now, since=now, until=now + timedelta(hours=30))
    plan = page.explain()
    assert "signals_signal_20260302" in plan
    assert "signals_signal_20260303" in plan
    assert "signals_signal_20260304" not in plan
    assert "signals_signal_default" not in plan


@only_postgres
def test_storing_a_ping_looks_at_its_own_day_only(heartbeat, now):
    SIGNALS_BY_DAY.tend(now=now)
    plan = plan_of(statement(now.date(), now.date()), _arrays([a_ping(heartbeat.token, now)]))
    assert "signals_signal_20260302" in plan
    assert "signals_signal_20260303" not in plan
    assert "signals_signal_default" not in plan


@only_postgres
def test_settling_looks_only_at_days_since_the_first_signal_that_waits(heartbeat, now):
    SIGNALS_BY_DAY.tend(now=now)
    for at in (now + timedelta(days=3), now + timedelta(days=3, seconds=5)):
        store(heartbeat, "START" if at.second == 0 else "SUCCESS", at)
    with CaptureQueriesContext(connection) as queries:
        settle([heartbeat.pk], now=now + timedelta(days=3, minutes=1))
    assert Signal.objects.latest("pk").duration_ms == 5000
    said = [one["sql"] for one in queries if '"signals_signal"' in one["sql"] and "INSERT" not in one["sql"]]
    assert len(said) == 2
    assert not [sql for sql in said if "signals_signal_20260304" in plan_of(sql)]
    assert "signals_signal_20260306" not in plan_of(next(sql for sql in said if sql.startswith("UPDATE")))


def test_a_run_and_a_repeated_ping_across_midnight_are_one_each(transactional_db, heartbeat):
    before, after = MIDNIGHT - timedelta(seconds=0.4), MIDNIGHT + timedelta(seconds=0.4)
    start = a_ping(heartbeat.token, MIDNIGHT - timedelta(seconds=9), said="START")

    async def work(one):
        for ping in (start, a_ping(heartbeat.token, before, "done"), a_ping(heartbeat.token, before, "more")):
            await one.write([ping])
        return await one.write([a_ping(heartbeat.token, after, "done")])

    assert with_stores(1, work)[0].signal_id is None
    settle([heartbeat.pk], now=MIDNIGHT + timedelta(seconds=5))
    assert list(Signal.objects.order_by("pk").values_list("duration_ms", flat=True)) == [None, 8600, None]


@pytest.fixture
def two_days(transactional_db):
    """The days around MIDNIGHT, which other tests do not expect."""
    SIGNALS_BY_DAY.tend(now=MIDNIGHT - timedelta(hours=1))
    yield
    with connection.cursor() as cursor:
        for day in SIGNALS_BY_DAY.days_there() if connection.vendor == "postgresql" else ():
            if day.month == 3:
                cursor.execute(f"DROP TABLE signals_signal_{day:%Y%m%d}")


@only_postgres
def test_pings_of_one_batch_go_to_the_days_on_both_sides_of_midnight(two_days, heartbeat):
    pings = [a_ping(heartbeat.token, MIDNIGHT + timedelta(seconds=side), f"{side}") for side in (-0.3, 0.3)]
    with_stores(1, lambda one: one.write(pings))
    again = with_stores(1, lambda one: one.write([a_ping(heartbeat.token, MIDNIGHT, "-0.3")]))
    assert again[0].signal_id is None
    assert [table_of(one) for one in Signal.objects.order_by("pk")] == [
        "signals_signal_20260302", "signals_signal_20260303",
    ]  # fmt: skip


@only_postgres
def test_pings_come_in_while_days_are_made_and_dropped_and_none_is_lost(two_days, make_heartbeat):
    tokens = [make_heartbeat(name=f"job {number}").token for number in range(5)]

    async def work(one):
        for turn in range(40):
            at = MIDNIGHT + timedelta(seconds=5 * turn)
            outcomes = await one.write([a_ping(token, at, str(turn)) for token in tokens])
            assert all(outcome.signal_id for outcome in outcomes)
            if turn % 10 == 5:
                # The day goes as if it had never been made; what comes until it is made again is a stray.
                await asyncio.to_thread(_detach, MIDNIGHT.date())
            if turn % 10 == 8:
                await asyncio.to_thread(_make_again)

    with_stores(1, work)
    assert Signal.objects.count() == 200
    assert Signal.objects.distinct().values_list("pk", flat=True).count() == 200
    assert {table_of(one) for one in Signal.objects.all()} == {"signals_signal_20260303"}


def _detach(day):
    name = f"signals_signal_{day:%Y%m%d}"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE signals_signal DETACH PARTITION {name}")
        cursor.execute(f"INSERT INTO signals_signal SELECT * FROM {name}")
        cursor.execute(f"DROP TABLE {name}")
    connection.close()


def _make_again():
    SIGNALS_BY_DAY.tend(now=MIDNIGHT)
    connection.close()


@only_postgres
def test_a_day_that_cannot_be_made_now_is_left_for_later(transactional_db, heartbeat, now, monkeypatch, caplog):
    monkeypatch.setattr(partitions, "_PATIENCE", "20ms")
    before = SIGNALS_BY_DAY.days_there()
    with psycopg.connect(**_address()) as other:
        other.execute("LOCK TABLE signals_signal_default IN ACCESS SHARE MODE")
        SIGNALS_BY_DAY.tend(now=now)
        assert with_stores(1, lambda one: one.write([a_ping(heartbeat.token, now)]))[0].signal_id
    assert SIGNALS_BY_DAY.days_there() == before
    assert "signals_signal_20260302 is left for the next hour" in caplog.text
    assert table_of(Signal.objects.get()) == "signals_signal_default"


def _address():
    found = connection.settings_dict
    given = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return {key: found[name] for key, name in given.items() if found[name]}


@only_postgres
def test_the_migration_takes_signals_that_there_are_along_and_no_id_comes_twice(heartbeat, now):
    migration = import_module("signals.migrations.0004_signals_by_day")
    before = MigrationLoader(connection).project_state(("signals", "0003_stream_tickets"))
    old_model = before.apps.get_model("signals", "Signal")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE signals_signal")
    with connection.schema_editor() as editor:
        editor.create_model(old_model)
    days = [now + timedelta(days=number // 2) for number in range(6)]
    old = old_model.objects.bulk_create(
        old_model(
            heartbeat_id=heartbeat.pk, type="LOG", created_at=at, source_ip="10.0.0.1", payload="é", metadata={"a": 1}
        )
        for at in days
    )
    old_model.objects.filter(pk=old[-1].pk).delete()
    connection.check_constraints()
    SIGNALS_BY_DAY.tend(now=now)
    assert not SIGNALS_BY_DAY.days_there()
    with connection.schema_editor() as editor:
        migration.partition(None, editor)
    SIGNALS_BY_DAY.tend(now=now)
    assert [(one.pk, one.created_at, one.payload, one.metadata) for one in Signal.objects.order_by("pk")] == [
        (one.pk, one.created_at, "é", {"a": 1}) for one in old[:-1]
    ]
    assert {table_of(one) for one in Signal.objects.all()} == {f"signals_signal_2026030{day}" for day in (2, 3, 4)}
    assert signal_at(heartbeat, now).pk == old[-1].pk + 1
