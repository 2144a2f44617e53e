"""Measures reads of the API and of the pages, in a workspace with 100 of each kind of row and in one with 10,000.

    python bench/api.py                          # PostgreSQL in DATABASE_URL, else SQLite
    python bench/api.py --monitors 1000 --rounds 20

Prints one Markdown table for each. `server` is the time between request and answer inside the process, middleware and
all; `HTTP` is what a client of one granian waits; queries are those of one request, the token's or session's included.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from pings import ROOT, Postgres, Sqlite, environment, serving
from report import machine, table

SERVER = ["--interface", "asgi", "--workers", "1", "websignal.asgi:application"]
ADDRESSES = [
    ("/api/monitors?limit=100", "server 25"),
    ("/api/v1/monitor?limit=100", "server 25"),
    ("/api/monitors/{monitor}", "–"),
    ("/api/incidents?limit=100", "–"),
    ("/api/deliveries?limit=100", "–"),
    ("/api/audit-log?limit=100", "–"),
    ("/api/dependencies?limit=100", "–"),
    ("/openapi.json", "–"),
    ("/monitors", "HTTP p95 120"),
    ("/monitors?search=77", "–"),
    ("/monitors/{monitor}", "–"),
    ("/monitors/{heartbeat}", "–"),
    ("/", "–"),
    ("/incidents", "–"),
    ("/alerts", "–"),
    ("/dependencies", "–"),
    ("/settings/audit-log", "–"),
    ("/maintenance/windows/new", "–"),
]


def addresses(keys):
    """(address, headers, target) of what is read."""
    for path, target in ADDRESSES:
        is_api = path.startswith(("/api", "/openapi"))
        headers = {"Authorization": f"Bearer {keys['token']}"} if is_api else {"Cookie": f"sessionid={keys['session']}"}
        yield path.format(**keys), headers, target


def inside(keys, rounds):
    """In a process with the settings of the server: (queries, bytes, median ms, p95 ms) of each address."""
    import django

    django.setup()
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from websignal.asgi import spare_the_collector

    client, rows = Client(SERVER_NAME="localhost"), []
    spare_the_collector()
    for path, headers, _ in addresses(keys):
        times = []
        client.get(path, headers=headers)
        with CaptureQueriesContext(connection) as asked:
            size = len(_good(client.get(path, headers=headers), path).content)
        queries = len(asked)
        for _ in range(rounds):
            begun = time.perf_counter()
            _good(client.get(path, headers=headers), path)
            times.append((time.perf_counter() - begun) * 1000)
        rows.append([queries, size, *_shares(times)])
    return rows


def _good(answer, path):
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code} {answer.content[:200]!r}")
    return answer


def through_http(port, keys, rounds):
    """(median ms, p95 ms) of each address over a kept connection."""
    connection, rows = http.client.HTTPConnection("127.0.0.1", port, timeout=30), []
    for path, headers, _ in addresses(keys):
        times = []
        for place in range(rounds + 3):
            begun = time.perf_counter()
            connection.request("GET", path, headers={"Host": "localhost", **headers})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"{path}: {answer.status}")
            if place >= 3:
                times.append((time.perf_counter() - begun) * 1000)
        rows.append(_shares(times))
    connection.close()
    return rows


def _shares(times):
    times = sorted(times)
    return statistics.median(times), times[min(len(times) - 1, int(len(times) * 0.95))]


def measure(monitors, rounds):
    url = os.environ.get("DATABASE_URL", "")
    database = Postgres(url) if url.startswith("postgres") else Sqlite()
    with database, tempfile.TemporaryDirectory() as data_dir:
        env = environment(database, data_dir) | {"API_RATE_PER_SECOND": "100000"}
        run = lambda *words: subprocess.check_output([sys.executable, *words], env=env, cwd=ROOT, text=True)  # noqa: E731
        run("manage.py", "migrate", "-v0")
        keys = json.loads(run("bench/list_seed.py", str(monitors)).splitlines()[-1])
        seen = json.loads(run(__file__, "--inside", json.dumps(keys), "--rounds", str(rounds)).splitlines()[-1])
        with serving(SERVER, env) as port:
            heard = through_http(port, keys, rounds)
    rows = []
    for (path, _, target), (queries, size, *server), waited in zip(addresses(keys), seen, heard, strict=True):
        times = [f"{value:.1f}" for value in (*server, *waited)]
        rows.append([f"`{path}`", queries, f"{size / 1000:.0f}", *times, target])
    return rows, database.version


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--monitors", type=int, nargs="+", default=[100, 10_000])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(inside(json.loads(options.inside), options.rounds)))
        return
    for monitors in options.monitors:
        rows, version = measure(monitors, options.rounds)
        print(f"\n{machine()} {version}. {monitors:,} monitors, {options.rounds} requests a row, one at a time.\n")
        print(table(["read", "queries", "KB", "server p50 ms", "server p95 ms", "HTTP p50 ms", "HTTP p95 ms",
                     "target, ms"], rows), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
