"""Measures checks from end to end: claimed, probed, judged and stored, by the processes that run in production.

    python bench/engine.py                                  # 6,000 monitors at 30 s for 60 s on PostgreSQL and Redis
    python bench/engine.py --monitors 60000 --seconds 600   # the full run
    python bench/engine.py --https
    python bench/engine.py --embedded                       # 2,000 monitors on SQLite while pages are asked for

DATABASE_URL and REDIS_URL, else the local ones. The responder is a process of its own on the same machine.
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

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

import psycopg  # noqa: E402
import trustme  # noqa: E402

from bench.probes import percentile, target  # noqa: E402
from bench.report import cpu_seconds, machine, table  # noqa: E402

sys.path[:0] = [str(Path(__file__).parent)]
from pings import Postgres, Sqlite, environment, free_port  # noqa: E402

START_SECONDS, WARM_UP_SECONDS = 120, 15
PAGES = ("/", "/monitors", "/monitors/1", "/incidents")
PAGES_PER_SECOND = 4


class Running:
    """One of our processes and what it has used."""

    def __init__(self, name, command, env):
        self.name = name
        self.process = subprocess.Popen([sys.executable, *command], env=env, cwd=ROOT)

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def megabytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


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


def lags(database, since):
    """Lags in ms, sorted, and whether each check was well, of the results scheduled since; and all skipped slots."""
    lag_sql = "SELECT lag_ms, ok FROM monitors_result WHERE scheduled_at > {} ORDER BY lag_ms"
    skipped_sql = "SELECT sum(skipped_slots) FROM monitors_regionstate"
    if isinstance(database, Postgres):
        with psycopg.connect(database.url) as connection:
            rows = connection.execute(lag_sql.format("to_timestamp(%s)"), [since]).fetchall()
            return rows, connection.execute(skipped_sql).fetchone()[0]
    with sqlite3.connect(database.path, timeout=20) as connection:
        rows = connection.execute(lag_sql.format("datetime(?, 'unixepoch')"), [since]).fetchall()
        return rows, connection.execute(skipped_sql).fetchone()[0]


def wait_for_results(database):
    """Until the first check is stored: a process that starts is not what is measured."""
    for _ in range(START_SECONDS):
        if lags(database, 0)[0]:
            return
        time.sleep(1)
    raise SystemExit("no check was stored")


@contextmanager
def responder(https, folder):
    """The URL of a target, and what trusts it."""
    if not https:
        with target() as port:
            yield f"http://127.0.0.1:{port}/", {}
        return
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    issued = authority.issue_cert("localhost", "127.0.0.1", key_type=trustme.KeyType.ECDSA)
    ca_file, certificate, key = (str(folder / name) for name in ("ca.pem", "cert.pem", "key.pem"))
    authority.cert_pem.write_to_path(ca_file)
    issued.private_key_pem.write_to_path(key)
    for position, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(certificate, append=position > 0)
    with target(certificate, key) as port:
        yield f"https://127.0.0.1:{port}/", {"SSL_CERT_FILE": ca_file}


def started(options, env, stack):
    """Our processes, stopped in the end."""
    if options.embedded:
        commands = {"run": ["manage.py", "run"]}
    else:
        worker = ["manage.py", "worker", "--region", "default"]
        commands = {f"worker {number + 1}": worker for number in range(options.workers)}
        commands["beat"] = ["manage.py", "beat"]
    running = []
    for name, command in commands.items():
        running.append(Running(name, command, env))
        stack.callback(running[-1].stop)
    return running


def measure(options, database, stack, folder):
    url, trust = stack.enter_context(responder(options.https, folder))
    env = environment(database, str(folder)) | trust | {"PROBE_PER_HOST": "20000", "PORT": str(free_port())}
    env["REDIS_URL"] = "" if options.embedded else options.redis
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=env, cwd=ROOT, check=True)
    seeding = [sys.executable, "bench/engine_seed.py", str(options.monitors), str(options.interval), url]
    session = subprocess.check_output(seeding, env=env, cwd=ROOT, text=True).splitlines()[-1]
    running = started(options, env, stack)
    wait_for_results(database)
    time.sleep(WARM_UP_SECONDS)
    pages = Pages(int(env["PORT"]), session) if options.embedded else None
    began, cpu = time.time(), [one.cpu() for one in running]
    most = [0.0] * len(running)
    while time.time() < began + options.seconds:
        time.sleep(1)
        most = [max(before, one.megabytes()) for before, one in zip(most, running, strict=True)]
    spent = time.time() - began
    shares = [(one.cpu() - before) / spent for one, before in zip(running, cpu, strict=True)]
    if pages:
        pages.stop()
    time.sleep(2)
    rows, skipped = lags(database, began)
    return rows, skipped, spent, running, shares, most, pages


def report(options, rows, skipped, spent, running, shares, most, pages):
    times = [lag for lag, _ in rows]
    cells = [
        f"{options.monitors:,} at {options.interval} s",
        f"{options.monitors / options.interval:,.0f}",
        f"{len(rows) / spent:,.0f}",
        f"{sum(bool(ok) for _, ok in rows):,}/{len(rows):,}",
        *(f"{percentile(times, share):.1f}" if times else "–" for share in (0.5, 0.99)),
        f"{skipped:,}",
    ]
    print(table(["HTTPS monitors" if options.https else "HTTP monitors", "due / s", "checked / s", "ok",
                 "lag p50 ms", "p99", "slots skipped"], [cells]))  # fmt: skip
    lines = [[one.name, f"{share:.0%}", f"{size:,.0f}"] for one, share, size in zip(running, shares, most, strict=True)]
    lines.append(["all", f"{sum(shares):.0%}", f"{sum(most):,.0f}"])
    print(f"\n{table(['process', 'of one core', 'most MB'], lines)}")
    if pages:
        p50, p95 = (percentile(pages.times, share) for share in (0.5, 0.95))
        print(
            f"\n{len(pages.times)} pages: p50 {p50:.0f} ms, p95 {p95:.0f} ms. Targets: lag p99 ≤ 500, page p95 ≤ 200."
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--monitors", type=int)
    parser.add_argument("--interval", type=int, default=30, help="seconds")
    parser.add_argument("--seconds", type=int, default=60, help="how long to measure, after a warm-up")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--https", action="store_true")
    parser.add_argument("--embedded", action="store_true", help="one process on SQLite, and pages asked for meanwhile")
    options = parser.parse_args()
    options.monitors = options.monitors or (2000 if options.embedded else 6000)
    options.redis = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
    url = os.environ.get("DATABASE_URL", "")
    url = url if url.startswith("postgres") else "postgresql://postgres@127.0.0.1/postgres"
    database = Sqlite() if options.embedded else Postgres(url)
    with tempfile.TemporaryDirectory() as folder, database:
        print(f"{machine()} {database.version}.\n", flush=True)
        with ExitStack() as stack:
            measured = measure(options, database, stack, Path(folder))
        report(options, *measured)


if __name__ == "__main__":
    main()
