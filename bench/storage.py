"""Measures what storing costs: results, claims of due checks, and bytes on disk.

    python bench/storage.py                      # PostgreSQL in DATABASE_URL with 1,000,000 monitors, else SQLite
    python bench/storage.py --monitors 20000

Prints one Markdown table. `in the database` leaves out what Python does around it.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pings import ROOT, Postgres, Sqlite, environment
from report import machine, table

RESULTS, DUE, ROUNDS = 1000, 500, 9
YEAR_MONITORS = 1000


def measure(monitors):
    """Inside the seeded environment: returns the rows."""
    import django

    django.setup()
    from history_seed import copies_of, one_monitor, rollups_of, some_days

    from common import clock
    from monitors.models import Monitor

    now = clock.now()
    monitor = one_monitor(now)
    copies_of(monitor, monitors - 1)
    ids = list(Monitor.objects.order_by("pk").values_list("pk", flat=True)[:RESULTS])
    rows = [*_storing(monitor, ids, now), _claiming(monitors, now), _result_bytes()]
    days = some_days(20)
    rollups_of(ids[:40], days, until=now, count=365)
    return [*rows, *_rollup_bytes()]


def _storing(monitor, ids, now):
    from common.bulk import insert_rows
    from monitors.models import Region, Result
    from monitors.probes.base import Check, Phases
    from monitors.probes.base import Result as Seen
    from monitors.results.recording import _RESULT_FIELDS, _result_row, record
    from monitors.watched import Watched

    region, watched = Region.objects.get(key="default"), Watched.of(monitor)
    phases = Phases(dns=1.2, connect=8.4, tls=17.1, first_byte=61.3, transfer=0.7)

    def results(number):
        at = now.timestamp() + number
        for pk in ids:
            check = Check(monitor_id=pk, region_id=region.pk, type="http", settings=monitor.settings, scheduled_at=at,
                          timeout_ms=8000, context=replace(watched, monitor_id=pk))  # fmt: skip
            yield Seen(check=check, started_at=at, finished_at=at + 0.1, lag_ms=0.4, loop_lag_ms=0.1, ok=True,
                       failure_class=None, status_code=200, address="203.0.113.7", latency_ms=88.7,
                       phases=phases)  # fmt: skip

    copied, recorded = [], []
    for number in range(ROUNDS):
        rows = [_result_row(one) for one in results(number)]
        copied.append(_milliseconds(lambda rows=rows: insert_rows(Result, _RESULT_FIELDS, rows)))
        batch = list(results(100 + number))
        recorded.append(_milliseconds(lambda batch=batch: record(batch, now=clock_of(batch))))
    yield ["store 1,000 results (rows alone)", *_median_and_best(copied), "15 ms"]
    # The first round turns NEW into OK, one change of status each.
    yield ["record 1,000 results (rows, hot state, streaks)", *_median_and_best(recorded[1:]), "–"]


def clock_of(batch):
    return datetime.fromtimestamp(batch[0].check.scheduled_at, UTC)


def _claiming(monitors, now):
    from monitors.models import Monitor, Region, RegionState
    from monitors.scheduling.aliveness import begin_run
    from monitors.scheduling.claiming import claim_due
    from monitors.watched import WatchedCache

    region = Region.objects.get(key="default")
    run_id, later = begin_run(region.pk), now + timedelta(hours=1)
    RegionState.objects.update(claimable_at=later, next_check_at=later)
    ids = list(Monitor.objects.order_by("-pk").values_list("pk", flat=True)[: DUE * ROUNDS : ROUNDS])
    taken = []
    cache, found = WatchedCache(), []
    for number in range(ROUNDS):
        at = now + timedelta(seconds=number)
        RegionState.objects.filter(monitor__in=ids).update(claimable_at=at, next_check_at=at, claimed_by=None)
        asked = {"region_id": region.pk, "run_id": run_id, "cache": cache, "now": at.timestamp(), "limit": DUE}
        asked["until"] = at.timestamp() + 1
        taken.append(_in_database(lambda asked=asked: found.append(claim_due(**asked))))
    assert all(len(one.checks) == DUE for one in found)
    return [f"claim {DUE} due of {monitors:,} (in the database)", *_median_and_best(taken[1:]), "20 ms"]


def _result_bytes():
    from monitors.models import Result

    rows = Result.objects.count()
    size = _size("monitors_result")
    return ["bytes a result, indexes included", f"{size / rows:.0f}" if size else "–", "", "–"]


def _rollup_bytes():
    from monitors.models import DailyRollup, HourlyRollup

    sizes = [(_size(model._meta.db_table), model.objects.count()) for model in (HourlyRollup, DailyRollup)]
    if not all(size for size, _ in sizes):
        return
    year = [size / rows * 365 * YEAR_MONITORS / 1e6 for size, rows in sizes]
    yield ["a year of hours, 1,000 monitors at 60 s", f"{year[0]:.0f} MB", "", "–"]
    yield ["a year of days, 1,000 monitors at 60 s", f"{year[1]:.0f} MB", "", "–"]
    yield ["together", f"{sum(year):.0f} MB", "", "1,000 MB"]


def _size(table):
    """Bytes of a table with its indexes and partitions; SQLite does not say."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(%s::regclass)", [table])
        return int(cursor.fetchone()[0] or 0) or _plain_size(cursor, table)


def _plain_size(cursor, table):
    cursor.execute("SELECT pg_total_relation_size(%s::regclass)", [table])
    return int(cursor.fetchone()[0])


def _median_and_best(values):
    return [f"{statistics.median(values):.1f} ms", f"{min(values):.1f} ms"]


def _milliseconds(act):
    begun = time.perf_counter()
    act()
    return (time.perf_counter() - begun) * 1000


def _in_database(act):
    from django.db import connection

    spent = []

    def timed(execute, *arguments):
        begun = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            spent.append((time.perf_counter() - begun) * 1000)

    with connection.execute_wrapper(timed):
        act()
    return sum(spent)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--monitors", type=int)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        for row in measure(options.monitors):
            print("\x1f".join(row))
        return
    url = os.environ.get("DATABASE_URL", "")
    database = Postgres(url) if url.startswith("postgres") else Sqlite()
    monitors = options.monitors or (1_000_000 if isinstance(database, Postgres) else 20_000)
    with database, tempfile.TemporaryDirectory() as data_dir:
        env = environment(database, data_dir)
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=env, cwd=ROOT, check=True)
        inside = [sys.executable, __file__, "--inside", "--monitors", str(monitors)]
        lines = subprocess.check_output(inside, env=env, cwd=ROOT, text=True).splitlines()
    print(f"\n{machine()} {database.version}.\n")
    print(table(["what", "median", "best", "target"], [line.split("\x1f") for line in lines if "\x1f" in line]))


if __name__ == "__main__":
    main()
