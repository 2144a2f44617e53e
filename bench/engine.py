"""Measures checks from end to end: claimed, probed, judged and stored, by the processes that run in production.

    python bench/engine.py                                # all four, a minute of each after a warm-up
    python bench/engine.py --only 60k                     # 60,000 HTTP monitors at 30 s; also 120k, https, embedded
    python bench/engine.py --only 60k --seconds 600       # the full run
    python bench/engine.py --only 60k --monitors 6000     # another number
    python bench/engine.py --only 120k --workers 2        # two engines of the region, each a process

`60k` and `120k` are HTTP monitors, `https` 15,000 over TLS, all at 30 s on PostgreSQL and Redis with web, worker and
beat; `embedded` is one process on SQLite with 2,000 monitors, while pages are asked for. DATABASE_URL and REDIS_URL,
else the local ones; a database of its own is made and dropped. The responder is a process on the same machine.
"""

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import psycopg  # noqa: E402
import trustme  # noqa: E402
from pings import Postgres, Sqlite, environment, free_port  # noqa: E402
from probe_target import ADDRESSES  # noqa: E402
from probes import percentile, target  # noqa: E402
from processes import Process, Running, cpu_of_servers  # noqa: E402
from report import machine, table  # noqa: E402

START_SECONDS = 120
PAGES = ("/", "/monitors", "/monitors/1", "/incidents")
PAGES_PER_SECOND = 4
INTERVAL_SECONDS = 30


class Scenario(NamedTuple):
    """What is run; targets by the name of the column that they are of."""

    name: str
    monitors: int
    targets: dict[str, float]
    is_https: bool = False
    is_embedded: bool = False


FULL = {"lag p99 ms": 50, "skipped": 0, "engine core %": 50, "MB": 500}
SCENARIOS = {
    "60k": Scenario("60,000 HTTP", 60_000, FULL),
    "120k": Scenario("120,000 HTTP", 120_000, {}),
    "https": Scenario("15,000 HTTPS", 15_000, {}, is_https=True),
    "embedded": Scenario("2,000 HTTP, SQLite, one process", 2000, {"lag p99 ms": 500, "page p95 ms": 200},
                         is_embedded=True),
}  # fmt: skip
COLUMNS = ("checks / s due", "done", "ok", "lag p50 ms", "lag p99 ms", "skipped", "engine core %",
           "engine µs a check", "loop core %", "store core %", "worker core %", "MB", "RSS MB", "PostgreSQL core %",
           "Redis core %", "responder core %", "page p95 ms")  # fmt: skip


class Pages:
    """Asks for pages at an even pace, as people do, and notes how long each took (ms)."""

    def __init__(self, port, session):
        self._port, self._session = port, session
        self._over = threading.Event()
        self.times = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        number = 0
        while not self._over.wait(1 / PAGES_PER_SECOND):
            began = time.perf_counter()
            self.ask(PAGES[number % len(PAGES)])
            self.times.append((time.perf_counter() - began) * 1000)
            number += 1

    def ask(self, path):
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}{path}")
        request.add_header("Cookie", f"sessionid={self._session}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200, answer.url
            assert "/sign-in" not in answer.url, "the session does not hold"
            answer.read()

    def stop(self):
        self._over.set()
        self._thread.join()


@contextmanager
def asking(database):
    """A function that gives the first row of a query; `%s` stands for an instant in epoch seconds."""
    if isinstance(database, Postgres):
        with psycopg.connect(database.url, autocommit=True) as connection:
            yield lambda sql, *values: connection.execute(sql.replace("%s", "to_timestamp(%s)"), values).fetchone()
    else:
        connection = sqlite3.connect(database.path, timeout=20)
        at = "strftime('%Y-%m-%d %H:%M:%f', ?, 'unixepoch')"
        yield lambda sql, *values: connection.execute(sql.replace("%s", at), values).fetchone()
        connection.close()


def skipped_slots(database):
    with asking(database) as first:
        return first("SELECT sum(skipped_slots) FROM monitors_regionstate")[0]


def found(database, since, until):
    """Of the results scheduled in a period: how many, how many were well, and p50 and p99 of their lag (ms)."""
    period = "FROM monitors_result WHERE scheduled_at > %s AND scheduled_at <= %s"
    with asking(database) as first:
        count, well = first(f"SELECT count(*), count(CASE WHEN ok THEN 1 END) {period}", since, until)
        places = [min(int(count * share), count - 1) for share in (0.5, 0.99)] if count else []
        lag = f"SELECT lag_ms {period} ORDER BY lag_ms LIMIT 1 OFFSET"
        return count, well, [first(f"{lag} {place}", since, until)[0] for place in places]


def wait_for_results(database):
    """Until the first check is stored: a process that starts is not what is measured."""
    with asking(database) as first:
        for _ in range(START_SECONDS):
            if first("SELECT 1 FROM monitors_result LIMIT 1"):
                return
            time.sleep(1)
    raise SystemExit("no check was stored")


@contextmanager
def responder(is_https, folder):
    """A target: its process id, its URLs, and what trusts it."""
    scheme, trust, files = "http", {}, []
    if is_https:
        authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        issued = authority.issue_cert("localhost", *ADDRESSES, key_type=trustme.KeyType.ECDSA)
        ca_file, *files = (str(folder / name) for name in ("ca.pem", "cert.pem", "key.pem"))
        authority.cert_pem.write_to_path(ca_file)
        for position, blob in enumerate(issued.cert_chain_pems):
            blob.write_to_path(files[0], append=position > 0)
        issued.private_key_pem.write_to_path(files[1])
        scheme, trust = "https", {"SSL_CERT_FILE": ca_file}
    with target(*files) as (port, pid):
        yield pid, [f"{scheme}://{address}:{port}/" for address in ADDRESSES], trust


def started(scenario, workers, env, stack):
    """Our processes, stopped in the end; those with an engine come first."""
    commands = [["manage.py", "run"]]
    if not scenario.is_embedded:
        web = ["-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", env["PORT"], "--workers", "1"]
        commands = [
            *[["manage.py", "worker", "--region", "default"]] * workers,
            ["manage.py", "beat"],
            [*web, "--log-level", "error", "websignal.asgi:application"],
        ]
    running = [Running(command, env) for command in commands]
    for one in running:
        stack.callback(one.stop)
    return running


def seeded(scenario, monitors, urls, env):
    """Fills the database; returns the key of a session."""
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=env, cwd=ROOT, check=True)
    seeding = [sys.executable, "bench/engine_seed.py", str(monitors), str(INTERVAL_SECONDS), *urls]
    return subprocess.check_output(seeding, env=env, cwd=ROOT, text=True).splitlines()[-1]


def engine_seconds(before, after):
    """Of the two threads that worked most: the engine's loop, then its store. The others are Celery's."""
    return sorted((seconds - before.get(name, 0.0) for name, seconds in after.items()), reverse=True)[:2]


def measure(scenario, options, database, stack, folder):
    """The cells of one row by their column."""
    monitors = options.monitors or scenario.monitors
    responding, urls, trust = stack.enter_context(responder(scenario.is_https, folder))
    env = environment(database, str(folder)) | trust
    env |= {"PROBE_PER_HOST": "20000", "PROBE_CAPACITY": "20000", "PORT": str(free_port())}
    env["REDIS_URL"] = "" if scenario.is_embedded else options.redis
    session = seeded(scenario, monitors, urls, env)
    running = started(scenario, options.workers, env, stack)
    engines = running[: 1 if scenario.is_embedded else options.workers]
    wait_for_results(database)
    # Every monitor has been checked once: what is kept of a first check alone is no part of a steady state.
    time.sleep(INTERVAL_SECONDS + 5)
    pages = Pages(int(env["PORT"]), session) if scenario.is_embedded else None
    meters = {"worker": lambda: sum(one.cpu() for one in engines), "responder": Process(responding).cpu}
    if not scenario.is_embedded:
        meters |= {"PostgreSQL": lambda: cpu_of_servers("postgres"), "Redis": lambda: cpu_of_servers("redis-server")}
    threads = [one.threads() for one in engines]
    skipped, began, before = skipped_slots(database), time.time(), {name: read() for name, read in meters.items()}
    most = dict.fromkeys(("Pss", "Rss"), 0.0)
    while time.time() < began + options.seconds:
        time.sleep(min(5, max(began + options.seconds - time.time(), 0)))
        most = {kind: max(mb, sum(one.megabytes(kind) for one in running)) for kind, mb in most.items()}
    ended = time.time()
    spent = {name: read() - before[name] for name, read in meters.items()}
    pairs = [engine_seconds(before, one.threads()) for before, one in zip(threads, engines, strict=True)]
    spent["loop"], spent["store"] = (sum(seconds) for seconds in zip(*pairs, strict=True))
    spent["engine"] = spent["loop"] + spent["store"]
    if pages:
        pages.stop()
    time.sleep(3)
    count, well, lags = found(database, began, ended)
    cells = {"checks / s due": f"{monitors / INTERVAL_SECONDS:,.0f}", "done": f"{count / (ended - began):,.0f}"}
    cells["ok"] = "all" if count == well else f"{well:,}/{count:,}"
    cells |= {f"lag {name} ms": f"{lag:.1f}" for name, lag in zip(("p50", "p99"), lags, strict=False)}
    cells |= {"skipped": f"{skipped_slots(database) - skipped:,}", "MB": f"{most['Pss']:,.0f}",
              "RSS MB": f"{most['Rss']:,.0f}"}  # fmt: skip
    cells |= {f"{name} core %": f"{seconds / (ended - began):.0%}" for name, seconds in spent.items()}
    cells["engine µs a check"] = f"{spent['engine'] / max(count, 1) * 1e6:,.0f}"
    if pages:
        cells["page p95 ms"] = f"{percentile(pages.times, 0.95):.0f}"
    return cells


def run(scenario, options):
    """One row of the table, and what the database is."""
    url = os.environ.get("DATABASE_URL", "")
    url = url if url.startswith("postgres") else "postgresql://postgres@127.0.0.1/postgres"
    database = Sqlite() if scenario.is_embedded else Postgres(url)
    with tempfile.TemporaryDirectory() as folder, database, ExitStack() as stack:
        cells = measure(scenario, options, database, stack, Path(folder))
    targets = {name: f" (≤ {most})" for name, most in scenario.targets.items()}
    name = f"{options.monitors:,} monitors as {scenario.name}" if options.monitors else scenario.name
    name += f", {options.workers} workers" if options.workers > 1 and not scenario.is_embedded else ""
    return [name, *(f"{cells.get(column, '–')}{targets.get(column, '')}" for column in COLUMNS)], database.version


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SCENARIOS, action="append")
    parser.add_argument("--monitors", type=int)
    parser.add_argument("--seconds", type=int, default=60, help="how long each is measured, after a warm-up")
    parser.add_argument("--workers", type=int, default=1, help="worker processes of the region")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # what was begun is undone
    options.redis = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
    rows, versions = [], []
    for name in options.only or SCENARIOS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        row, version = run(SCENARIOS[name], options)
        rows.append(row)
        versions.append(version)
    print(f"{machine()} {', '.join(sorted(set(versions)))}; responder and databases on the same cores.")
    print(f"At {INTERVAL_SECONDS} s, measured for {options.seconds} s. In brackets the targets.")
    print("Engine: loop and store, the two busiest threads of a worker, which also does the platform's tasks.")
    print("MB: the most of all our processes together (PSS: a shared page counts once); RSS counts it in each.\n")
    print(table(["monitors", *COLUMNS], rows))


if __name__ == "__main__":
    main()
