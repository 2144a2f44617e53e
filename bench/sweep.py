"""Measures the overdue sweep: many heartbeats, of which some fall due in one second, each with a webhook of its own.

    python bench/sweep.py                        # 100,000 heartbeats, 1,000 due, on PostgreSQL and Redis
    python bench/sweep.py --heartbeats 20000 --due 200 --workers 2
    python bench/sweep.py --embedded             # `manage.py run` on SQLite

The processes are those of production (web, workers, beat); DATABASE_URL and REDIS_URL, else the local ones; a process
of its own on the same machine receives. LATE is measured from the deadline and its 2 s buffer to the commit, a webhook
from the end of grace and its buffer to its arrival, each for its own heartbeat. CPU and statements are those from the
first end of grace until every delivery is recorded, shared among the DOWNs; what idles meanwhile is in them.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).parent)]

from pings import ROOT, Postgres, Sqlite, environment, free_port, serving  # noqa: E402

from bench.engine import Running  # noqa: E402
from bench.probes import percentile  # noqa: E402
from bench.report import cpu_seconds, machine, table  # noqa: E402

GRACE_SECONDS, BUFFER_SECONDS = 3, 2
LEAD_SECONDS, PATIENCE_SECONDS = 4, 30


async def receive():
    """Prints its port, then of each webhook when it came and its monitor; answers all with 200."""

    async def take(reader, writer):
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            body = await reader.readexactly(length)
            at = time.time()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            print(at, json.loads(body)["monitor"]["id"], flush=True)
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


class Receiver:
    """The receiver's process; `came` is when each monitor's webhook arrived."""

    def __init__(self):
        self.name, self.came = "receiver", {}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--receive"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self.process.stdout.readline())
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            at, monitor_id = line.split()
            self.came.setdefault(int(monitor_id), float(at))

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


class Counted(Running):
    """One of our processes that says what it does; `late` is when each monitor was committed as LATE."""

    def __init__(self, name, command, env):
        self.name, self.statements, self.late = name, 0, {}
        command = [sys.executable, "bench/counted.py", *command]
        self.process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            kind, *words = line.split() or [""]
            if kind == "S":
                self.statements = int(words[1])
            elif kind == "L":
                self.late.update(dict.fromkeys(map(int, words[1:]), float(words[0])))


class Backends:
    """PostgreSQL's processes for one database, where they run on this machine."""

    def __init__(self, database):
        self.name, self._mark = "PostgreSQL, its backends", f" {database.name} ".encode()

    def cpu(self):
        used = 0.0
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                title = (path / "cmdline").read_bytes()
                if title.startswith(b"postgres:") and self._mark in title:
                    used += cpu_seconds(int(path.name))
        return used


def started(options, env, stack):
    """Our processes, stopped in the end."""
    if options.embedded:
        commands = {"run": (Counted, ["run"])}
    else:
        web = ["--interface", "asgi", "--workers", "1", "websignal.asgi:application"]
        stack.enter_context(serving(web, env))
        commands = {f"worker {number + 1}": (Counted, ["worker"]) for number in range(options.workers)}
        commands["beat"] = (Running, ["manage.py", "beat"])
    running = []
    for name, (kind, command) in commands.items():
        running.append(kind(name, command, env))
        stack.callback(running[-1].stop)
    return running


def wait_until(condition, seconds):
    """Whether it came to hold."""
    until = time.time() + seconds
    while not condition() and time.time() < until:
        time.sleep(0.1)
    return condition()


def undelivered(database):
    return database.ask("SELECT count(*) FROM alerts_delivery WHERE state <> 'DELIVERED'")


def measure(options, database, stack, data_dir):
    env = environment(database, data_dir) | {"PORT": str(free_port())}
    env["REDIS_URL"] = "" if options.embedded else options.redis
    receiver = Receiver()
    stack.callback(receiver.stop)
    due = str(options.due)
    for command in (["manage.py", "migrate", "-v0"], ["bench/ping_seed.py", str(options.heartbeats)],
                    ["bench/sweep_seed.py", "hooks", due, str(receiver.port), str(GRACE_SECONDS)]):  # fmt: skip
        subprocess.run([sys.executable, *command], env=env, cwd=ROOT, check=True)
    ours = started(options, env, stack)
    counted = [one for one in ours if isinstance(one, Counted)]
    if not wait_until(lambda: all(one.statements > 50 for one in counted), 60):
        raise SystemExit("the workers do not start")
    seed = [sys.executable, "bench/sweep_seed.py", "due", due, str(LEAD_SECONDS)]
    said = subprocess.check_output(seed, env=env, cwd=ROOT, text=True).split()
    begin, first = float(said[0]), int(said[1])
    deadlines = {first + place: begin + place / options.due for place in range(options.due)}
    watched = [*ours, receiver, *([] if options.embedded else [Backends(database)])]
    time.sleep(max(0.0, begin + BUFFER_SECONDS + GRACE_SECONDS - time.time()))
    cpu, statements = [one.cpu() for one in watched], sum(one.statements for one in counted)
    wait_until(lambda: len(receiver.came) >= options.due, PATIENCE_SECONDS)
    wait_until(lambda: not undelivered(database), PATIENCE_SECONDS)
    time.sleep(0.2)
    spent = [one.cpu() - before for one, before in zip(watched, cpu, strict=True)]
    statements = sum(one.statements for one in counted) - statements
    late = {pk: at for one in counted for pk, at in one.late.items()}
    lags = [at - deadlines[pk] - BUFFER_SECONDS for pk, at in late.items() if pk in deadlines]
    hooks = [at - deadlines[pk] - BUFFER_SECONDS - GRACE_SECONDS for pk, at in receiver.came.items()]
    return lags, hooks, [one.name for one in watched], spent, statements


def spread(times):
    return [f"{percentile(sorted(times), share):.2f}" if times else "–" for share in (0.5, 0.95, 1)]


def report(options, lags, hooks, names, spent, statements):
    head = ["heartbeats", "what", "how many", "p50 s", "p95", "max", "target"]
    rows = [
        [f"{options.heartbeats:,}", "LATE after its buffer", f"{len(lags):,}", *spread(lags), "max ≤ 2"],
        ["", "end of grace and buffer → webhook", f"{len(hooks):,}", *spread(hooks), "p95 ≤ 1"],
    ]
    print(table(head, rows))
    each = [[name, f"{used * 1000 / options.due:.2f}"] for name, used in zip(names, spent, strict=True)]
    print(f"\n{table(['process', 'CPU ms per DOWN'], each)}")
    print(f"\n{statements / options.due:.2f} statements per DOWN, {statements:,} in all.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heartbeats", type=int, default=100_000)
    parser.add_argument("--due", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--embedded", action="store_true", help="one process on SQLite")
    parser.add_argument("--receive", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.receive:
        asyncio.run(receive())
        return
    options.redis = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
    url = os.environ.get("DATABASE_URL", "")
    url = url if url.startswith("postgres") else "postgresql://postgres@127.0.0.1/postgres"
    database = Sqlite() if options.embedded else Postgres(url)
    with tempfile.TemporaryDirectory() as data_dir, database:
        with ExitStack() as stack:
            measured = measure(options, database, stack, data_dir)
        print(f"\n{machine()} {database.version}; receiver, database and Redis on the same machine.\n")
        report(options, *measured)


if __name__ == "__main__":
    main()
