"""What `bench/storage.py` and `bench/reads.py` fill an empty database with: many monitors, and years of rollups."""

import random
from datetime import timedelta

from django.db import connection

from accounts.actor import SYSTEM, Actor
from accounts.services import create_user
from monitors.models import DailyRollup, HourlyRollup, Monitor, MonitorState, Region, RegionState
from monitors.rollups import summaries
from monitors.rollups.summaries import Summary
from monitors.services import create_monitor


def one_monitor(now):
    """A monitor at 60 s, made as a person makes one."""
    user = create_user(email="bench@example.org", password=None, by=SYSTEM)
    fields = {"name": "Shop 0", "type": "http", "settings": {"url": "http://127.0.0.1:9/"}, "interval_seconds": 60}
    return create_monitor(workspace=user.workspaces.get(), by=Actor(user), now=now, fields=fields)


def copies_of(monitor, count, with_states=True):
    """`count` more like it, by default with their states; in the database, for a million take a while from outside.

    Without them nothing is analysed: a planner that knows of one state would go through all of them for each monitor.
    """
    columns = [field.column for field in Monitor._meta.fields if field.column not in ("id", "name", "external_key")]
    names = ", ".join(f'"{name}"' for name in columns)
    series = (
        f"generate_series(1, {count}) AS n"
        if connection.vendor == "postgresql"
        else f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s)"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO monitors_monitor (name, {names}) SELECT 'Shop ' || n, {names}"
            f" FROM monitors_monitor, {series} WHERE id = {monitor.pk}"
        )
        if with_states:
            for model in (MonitorState, RegionState):
                _copy_states(cursor, model, "monitor_id", monitor.pk)
            cursor.execute("ANALYZE")


def _copy_states(cursor, model, key, pk):
    table = model._meta.db_table
    columns = [field.column for field in model._meta.fields if field.column not in ("id", key)]
    names = ", ".join(f't."{name}"' for name in columns)
    into = ", ".join(f'"{name}"' for name in columns)
    cursor.execute(
        f"INSERT INTO {table} ({key}, {into}) SELECT m.id, {names} FROM monitors_monitor m, {table} t"
        f" WHERE t.{key} = {pk} AND m.id <> {pk}"
    )


def some_days(count, per_hour=60):
    """`count` different days of checks, each as (hours packed, the day's summary)."""
    chance, days = random.Random(1), []
    for _ in range(count):
        hours = {hour: _hour(chance, per_hour) for hour in range(24)}
        days.append((summaries.pack_hours(hours), summaries.merged(hours.values())))
    return days


def _hour(chance, per_hour):
    hour = Summary()
    for _ in range(per_hour):
        phases = [chance.lognormvariate(mean, 0.3) for mean in (0.5, 2.2, 3, 4, 1)]
        hour.add(chance.random() > 0.002, sum(phases), phases)
    return hour


def rollups_of(monitor_ids, days, *, until, count):
    """`count` days of hourly and daily rollups before `until` for each monitor, out of the few given."""
    region = Region.objects.get(key="default")
    hourly, daily = [], []
    for offset in range(1, count + 1):
        day = (until - timedelta(days=offset)).date()
        for pk in monitor_ids:
            hours, whole = days[(offset * 7 + pk) % len(days)]
            key = {"monitor_id": pk, "region": region, "day": day}
            hourly.append(HourlyRollup(**key, hours=hours))
            packed = summaries.pack(whole)
            daily.append(DailyRollup(**key, checks=whole.checks, failures=whole.failures, summary=packed))
    HourlyRollup.objects.bulk_create(hourly, batch_size=1000)
    DailyRollup.objects.bulk_create(daily, batch_size=1000)
