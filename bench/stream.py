"""Measures the live stream: many clients on one web process, each of which gets every event.

    python bench/stream.py                       # 1,000 clients; 10, 20, 30 and 50 events/s, 8 s each
    python bench/stream.py --clients 200 --rates 20 --seconds 5

Events are steady pings of many heartbeats, stored like any other; they travel through Redis where REDIS_URL is set.
Prints one Markdown table: delivery from the sending of the ping to the client's socket, what was lost, memory a client,
and the CPU of server and listeners. The listeners are a process of their own, on the same cores.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import contextmanager
from pathlib import Path

from ping_tokens import token
from pings import ROOT, Postgres, Sqlite, environment, serving
from report import cpu_seconds, machine, table

CONNECTIONS, ENDS_AFTER_SECONDS = 32, 110
# Each is pinged every few seconds at most: two pings within a second are one signal.
HEARTBEATS = 400
SERVER = ["--interface", "asgi", "--workers", "1", "--backpressure", "8192"]
SEED = """
import django
django.setup()
from accounts.actor import Actor
from accounts.models import Membership, User, Workspace
from accounts.services import create_token
workspace = Workspace.objects.get()
for number in range(%d):
    if number %% 25 == 0:
        user = User.objects.create_user(f"viewer{number}@example.org", None)
        Membership.objects.create(workspace=workspace, user=user, role="VIEWER")
        made = create_token(user=user, workspace=workspace, name="bench", scopes=["monitor.read"], by=Actor(user))
    print(made.secret)
"""


def descendants(pid):
    """A process and all its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in descendants(child))]


def resident_kb(pid):
    """Proportional memory of a process and its children, in KB."""
    kept = [Path(f"/proc/{one}/smaps_rollup").read_text().splitlines() for one in descendants(pid)]
    return sum(int(line.split()[1]) for lines in kept for line in lines if line.startswith("Pss:"))


def server_of(port):
    """The process id of the granian on `port`: the one that we started, whose children serve."""
    for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        if f"--port\0{port}\0" in Path(f"/proc/{child}/cmdline").read_text():
            return child
    raise SystemExit("the server is gone")


@contextmanager
def listeners(port, secrets):
    """The process that listens, with a stream open for each secret."""
    command = [sys.executable, str(ROOT / "bench" / "stream_clients.py"), str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        try:
            process.stdin.write("".join(f"{secret}\n" for secret in secrets) + "\n")
            opened = process.stdout.readline()
            if not opened.startswith("open"):
                raise SystemExit("the streams did not open")
            print(f"{len(secrets):,} streams opened in {opened.split()[1]} s", file=sys.stderr, flush=True)
            yield process
        finally:
            process.kill()


class Publisher:
    """Sends marked pings evenly, whether the one before was answered or not."""

    def __init__(self, port):
        self.free = deque((socket.create_connection(("127.0.0.1", port), 10), False) for _ in range(CONNECTIONS))
        self.number = 0

    def publish(self, rate, seconds):
        """The numbers (first, past the last) of what it sent, and over how many seconds."""
        first, begun = self.number, time.monotonic()
        for place in range(int(rate * seconds)):
            time.sleep(max(0.0, begun + place / rate - time.monotonic()))
            self._send()
        return first, self.number, time.monotonic() - begun + 1 / rate

    def _send(self):
        one, is_asked = self.free.popleft()
        answer = one.recv(4096) if is_asked else b"HTTP/1.1 200"
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"a ping was refused: {answer!r}")
        mark = f"number-{self.number:07d}-{time.monotonic_ns()}"
        path = f"/api/signals/ping/{token(self.number % HEARTBEATS)}"
        one.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {mark}\r\n\r\n".encode())
        self.free.append((one, True))
        self.number += 1


def rows_of(port, secrets, rates, seconds):
    server = server_of(port)
    cpu = lambda pid: sum(cpu_seconds(one) for one in descendants(pid))  # noqa: E731
    publisher = Publisher(port)
    publisher.publish(20, 1)
    before = resident_kb(server)
    with listeners(port, secrets) as listening:
        idle = (resident_kb(server) - before) / len(secrets)
        for rate in rates:
            spent = cpu(server), cpu(listening.pid)
            first, last, took = publisher.publish(rate, seconds)
            time.sleep(1)
            spent = cpu(server) - spent[0], cpu(listening.pid) - spent[1]
            loaded = (resident_kb(server) - before) / len(secrets)
            listening.stdin.write(f"{first} {last}\n")
            heard = json.loads(listening.stdout.readline())
            times = ["–" if heard[name] is None else f"{heard[name]:.0f}" for name in ("p50", "p99", "max")]
            counts = [f"{heard['delivered']:,}", heard["lost"], heard["twice"]]
            shares = [f"{one / took * 100:.0f} %" for one in spent]
            yield [f"{(last - first) / took:.1f}", *counts, *times, f"{idle:.0f}", f"{loaded:.0f}", *shares]


def measure(database, clients, rates, seconds):
    with database, tempfile.TemporaryDirectory() as data_dir:
        env = environment(database, data_dir)
        env["REDIS_URL"] = os.environ.get("REDIS_URL", "")
        for arguments in (["manage.py", "migrate", "-v0"], ["bench/ping_seed.py", str(HEARTBEATS)]):
            subprocess.run([sys.executable, *arguments], env=env, cwd=ROOT, check=True)
        printed = subprocess.check_output([sys.executable, "-c", SEED % clients], env=env, cwd=ROOT, text=True)
        with serving([*SERVER, "websignal.asgi:application"], env) as port:
            return list(rows_of(port, printed.split(), rates, seconds))


def give_up():
    print(f"not done after {ENDS_AFTER_SECONDS} s", file=sys.stderr, flush=True)
    for pid in reversed(descendants(os.getpid())[1:]):
        os.kill(int(pid), 9)
    os._exit(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--rates", type=float, nargs="+", default=[10, 20, 30, 50])
    parser.add_argument("--seconds", type=float, default=8)
    options = parser.parse_args()
    alarm = threading.Timer(ENDS_AFTER_SECONDS, give_up)
    alarm.daemon = True
    alarm.start()
    url = os.environ.get("DATABASE_URL", "")
    database = Postgres(url) if url.startswith("postgres") else Sqlite()
    rows = measure(database, options.clients, options.rates, options.seconds)
    through = "Redis" if os.environ.get("REDIS_URL") else "the process alone"
    print(f"\n{machine()} {database.version}, events through {through}.")
    print(f"{options.clients:,} clients, {options.seconds:g} s a row; CPU in shares of one core.\n")
    titles = ["events/s sent", "delivered", "lost", "twice", "p50 ms", "p99 ms", "max ms", "KB a client, idle",
              "under load", "CPU server", "CPU listeners"]  # fmt: skip
    print(table(titles, rows))
    print("\nTargets for 1,000 clients and 50 events/s: p99 ≤ 300 ms, ≤ 80 KB a client, none lost.")


if __name__ == "__main__":
    main()
