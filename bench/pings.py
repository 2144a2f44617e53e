"""Measures durable pings: our ping path beside an ordinary DRF view with the ORM, on PostgreSQL and on SQLite.

    python bench/pings.py                       # DATABASE_URL, else a local PostgreSQL; SQLite always
    python bench/pings.py --seconds 3 --only sqlite

Prints one Markdown table. Every number is of acknowledged pings; `rows` says how many signals the database holds more
than before. The load comes from a process of its own over kept-alive connections.
"""

import argparse
import os
import platform
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from ping_tokens import token

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = (16, 64, 256)
HEARTBEATS = 40_000
TARGETS = {"PostgreSQL": 20, "SQLite": 30}
SERVERS = {
    "raw ASGI + group commit": ["--interface", "asgi", "--workers", "1", "websignal.asgi:application"],
    "DRF + ORM, 2 processes of 8 threads": [
        "--interface", "wsgi", "--workers", "2", "--blocking-threads", "8", "bench.drf_pings:application",
    ],
}  # fmt: skip


def machine():
    """One line on what this ran on."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = next((line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")), "?")
    return (
        f"{os.cpu_count()} cores, {model}, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """A database of its own on the server of `url`, dropped afterwards."""

    label = "PostgreSQL"

    def __init__(self, url):
        self.admin_url = url
        self.name = f"websignal_bench_{os.getpid()}"
        self.url = urlunsplit(urlsplit(url)._replace(path=f"/{self.name}"))

    def __enter__(self):
        with psycopg.connect(self.admin_url, autocommit=True, connect_timeout=3) as admin:
            self.version = f"PostgreSQL {admin.info.server_version // 10000}"
            self.settings = {
                name: admin.execute(f"SHOW {name}").fetchone()[0] for name in ("fsync", "synchronous_commit")
            }
            admin.execute(f'CREATE DATABASE "{self.name}"')
        return self

    def __exit__(self, *_):
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{self.name}" WITH (FORCE)')

    def count(self):
        return self.ask("SELECT count(*) FROM signals_signal")

    def ask(self, sql):
        """The one value of a query."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql).fetchone()[0]


class Sqlite:
    """A file of its own."""

    label = "SQLite"

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "bench.sqlite3"
        self.url = f"sqlite:///{self.path}"
        self.version, self.settings = f"SQLite {sqlite3.sqlite_version}", {"journal": "wal", "synchronous": "full"}
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def count(self):
        return self.ask("SELECT count(*) FROM signals_signal")

    def ask(self, sql):
        """The one value of a query."""
        with sqlite3.connect(self.path, timeout=20) as connection:
            return connection.execute(sql).fetchone()[0]


def environment(database, data_dir):
    return {
        **os.environ, "DATABASE_URL": database.url, "DATA_DIR": data_dir, "REDIS_URL": "", "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "websignal.settings", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore",
    }  # fmt: skip


@contextmanager
def serving(arguments, env):
    """The port of a granian that answers."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--host", "127.0.0.1", "--port", str(port), "--no-ws",
               "--backlog", "1024", "--backpressure", "1024", "--log-level", "error", *arguments]  # fmt: skip
    process = subprocess.Popen(command, env=env, cwd=ROOT)
    try:
        wait_until_it_answers(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def wait_until_it_answers(port, process):
    for _ in range(300):
        if process.poll() is not None:
            raise SystemExit("the server did not start")
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as probe:
                probe.sendall(f"GET /api/signals/ping/{token(0)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                if probe.recv(12).startswith(b"HTTP/1.1"):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("the server does not answer")


def measure(port, clients, seconds, env):
    """Acknowledged pings, errors, pings a second, p50 and p99 in ms, from a load generator in its own process."""
    command = [sys.executable, str(ROOT / "bench" / "ping_load.py"), str(port), str(clients), str(seconds),
               str(HEARTBEATS)]  # fmt: skip
    return [float(word) for word in subprocess.check_output(command, env=env, cwd=ROOT, text=True).split()]


def run(database, seconds):
    """Table rows of all servers on one database."""
    rows, first = [], {}
    with database, tempfile.TemporaryDirectory() as data_dir:
        env = environment(database, data_dir)
        for arguments in (["manage.py", "migrate", "-v0"], ["bench/ping_seed.py", str(HEARTBEATS)]):
            subprocess.run([sys.executable, *arguments], env=env, cwd=ROOT, check=True)
        for name, arguments in SERVERS.items():
            with serving(arguments, env) as port:
                measure(port, 16, 1, env)
                for clients in CLIENTS:
                    time.sleep(1.1)
                    before = database.count()
                    acknowledged, errors, rate, p50, p99 = measure(port, clients, seconds, env)
                    stored = database.count() - before
                    first.setdefault(clients, rate)
                    ratio = f"{first[clients] / rate:.1f} ×" if rate and name != next(iter(SERVERS)) else ""
                    counts = [f"{acknowledged:,.0f}", f"{stored:,}", f"{errors:.0f}"]
                    speeds = [f"{rate:,.0f}", f"{p50:.1f}", f"{p99:.1f}"]
                    rows.append([database.label, name, clients, *speeds, *counts, ratio])
                    print(".", end="", file=sys.stderr, flush=True)
        about = f"{database.version} ({', '.join(f'{key} {value}' for key, value in database.settings.items())})"
    return rows, about


def databases(only):
    url = os.environ.get("DATABASE_URL", "")
    url = url if url.startswith("postgres") else "postgresql://postgres@127.0.0.1:5432/postgres"
    if only != "sqlite":
        try:
            psycopg.connect(url, connect_timeout=3).close()
            yield Postgres(url)
        except psycopg.OperationalError as error:
            print(f"PostgreSQL is left out: {str(error).strip()} (set DATABASE_URL)", file=sys.stderr)
    if only != "postgres":
        yield Sqlite()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--only", choices=["postgres", "sqlite"])
    options = parser.parse_args()
    rows, about = [], []
    for database in databases(options.only):
        more, words = run(database, options.seconds)
        rows += more
        about.append(words)
    print(f"\n{machine()}; {'; '.join(about)}; load generator on the same cores; {options.seconds:g} s a row\n")
    titles = [
        "database",
        "server",
        "clients",
        "pings/s",
        "p50 ms",
        "p99 ms",
        "acknowledged",
        "rows",
        "errors",
        "ours ÷ this",
    ]
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")
    print(f"\nTargets at 64 clients: {', '.join(f'≥ {ratio} × on {name}' for name, ratio in TARGETS.items())}.")


if __name__ == "__main__":
    main()
