"""Measures reads of one monitor with 13 months of history, and the making of its reports.

    python bench/reads.py                        # PostgreSQL in DATABASE_URL, else SQLite

Prints one Markdown table; times in milliseconds.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta

from pings import ROOT, Postgres, Sqlite, environment
from report import machine, table
from storage import _in_database

DAYS, NEIGHBOURS, ROUNDS = 400, 20, 7


def measure():
    """Inside the seeded environment: returns the rows."""
    import django

    django.setup()
    from history_seed import copies_of, one_monitor, rollups_of, some_days

    from common import clock
    from monitors.figures.history import availability_of
    from monitors.figures.latency import latency
    from monitors.models import Monitor, Region, Result, RollupMark, StatusChange
    from monitors.reports.content import content_of
    from monitors.reports.files import file_of
    from monitors.rollups import rolling as rollups

    now = clock.now()
    monitor = one_monitor(now)
    copies_of(monitor, NEIGHBOURS)
    ids = list(Monitor.objects.values_list("pk", flat=True))
    rollups_of(ids, some_days(20), until=now, count=DAYS)
    hour = rollups.floor(now, rollups.HOUR)
    RollupMark.objects.create(pk=1, hours_until=hour, days_until=rollups.floor(now, rollups.DAY))
    region, since = Region.objects.get(key="default"), now - timedelta(days=DAYS)
    minutes = range(int((now - hour).total_seconds() // 60) + 1)
    Result.objects.bulk_create(
        Result(monitor_id=pk, region=region, scheduled_at=now - timedelta(minutes=minute), lag_ms=0, loop_lag_ms=0,
               ok=True, latency_ms=80.0 + minute)
        for pk in ids for minute in minutes
    )  # fmt: skip
    statuses = ("OK", "DOWN")
    StatusChange.objects.bulk_create(
        StatusChange(monitor=monitor, at=since + timedelta(hours=12 * place), before=statuses[(place + 1) % 2],
                     after=statuses[place % 2])
        for place in range(DAYS * 2)
    )  # fmt: skip

    def both(days, interval):
        asked = {"since": now - timedelta(days=days), "until": now, "interval": interval, "now": now}
        return lambda: (availability_of(monitor, **asked), latency(monitor, **asked))

    reads = [
        ("24 hours by hour", both(1, "hour"), "–"),
        ("30 days by day", both(30, "day"), "30 in the database"),
        ("30 days by hour", both(30, "hour"), "–"),
        ("13 months by week", both(DAYS, "week"), "–"),
    ]
    rows = [[f"availability and latency, {name}", *_times(act), target] for name, act, target in reads]
    content = content_of(monitor, since=now - timedelta(days=30), until=now, now=now)
    for kind in ("html", "pdf", "csv"):
        rows.append([f"report of 30 days as {kind}", *_times(lambda kind=kind: file_of(content, kind)), "–"])
    return rows


def _times(act):
    """(in the database, altogether), medians."""
    inside, whole = [], []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        inside.append(_in_database(act))
        whole.append((time.perf_counter() - begun) * 1000)
    return [f"{statistics.median(values):.1f}" for values in (inside, whole)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args().inside:
        for row in measure():
            print("\x1f".join(row))
        return
    url = os.environ.get("DATABASE_URL", "")
    database = Postgres(url) if url.startswith("postgres") else Sqlite()
    with database, tempfile.TemporaryDirectory() as data_dir:
        env = environment(database, data_dir)
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=env, cwd=ROOT, check=True)
        lines = subprocess.check_output([sys.executable, __file__, "--inside"], env=env, cwd=ROOT, text=True)
    print(f"\n{machine()} {database.version}.\n")
    rows = [line.split("\x1f") for line in lines.splitlines() if "\x1f" in line]
    print(table(["one monitor, 13 months of history", "in the database, ms", "altogether, ms", "target"], rows))


if __name__ == "__main__":
    main()
