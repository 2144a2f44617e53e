"""Measures the live stream: many clients on one web process, each of which gets every event.

    python bench/stream.py                       # 1,000 clients, 50 events/s, 20 s
    python bench/stream.py --clients 200 --events 20 --seconds 5

Events are pings of one heartbeat, which travel through Redis where REDIS_URL is set. Prints one Markdown table:
delivery from the sending of the ping to the client's socket, memory a client, and what was lost.
"""

import argparse
import os
import resource
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from ping_tokens import token
from pings import ROOT, Sqlite, environment, machine, serving

SEED = """
import django
django.setup()
from accounts.actor import Actor
from accounts.models import Membership, User, Workspace
from accounts.services import create_token
user = User.objects.get()
for number in range(%d):
    if number %% 25 == 0:
        other = user if number == 0 else User.objects.create_user(f"viewer{number}@example.org", "x")
        if other != user:
            Membership.objects.create(workspace=Workspace.objects.get(), user=other, role="VIEWER")
        made = create_token(
            user=other, workspace=Workspace.objects.get(), name="bench", scopes=["monitor.read"], by=Actor(other)
        )
    print(made.secret)
"""


def resident_kb(pid):
    """Proportional memory of a process and its children, in KB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    own = next(int(line.split()[1]) for line in found if line.startswith("Pss:"))
    return own + sum(resident_kb(child) for child in children)


def connected(port, secrets):
    """One open stream a secret, after its first line."""
    sockets = []
    for secret in secrets:
        one = socket.create_connection(("127.0.0.1", port), 30)
        one.sendall(
            f"GET /api/signals/sse HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n\r\n".encode()
        )
        sockets.append(one)
    for one in sockets:
        heard = b""
        while b"retry:" not in heard:
            chunk = one.recv(4096)
            if not chunk or b"HTTP/1.1 200" not in (heard + chunk)[:12]:
                raise SystemExit(f"a stream was refused: {(heard + chunk)[:300]!r}")
            heard += chunk
        one.setblocking(False)
    return sockets


class Listening:
    """Reads all streams on one epoll, noting when each marked event reached each client."""

    def __init__(self, sockets, stopping):
        self.sockets = {one.fileno(): one for one in sockets}
        self.stopping = stopping
        self.parts = dict.fromkeys(self.sockets, b"")
        self.heard = {number: [] for number in self.sockets}

    def run(self):
        epoll = select.epoll()
        for number in self.sockets:
            epoll.register(number, select.EPOLLIN)
        while not self.stopping.is_set():
            for number, _ in epoll.poll(0.2):
                chunk = self.sockets[number].recv(1 << 16)
                now = time.perf_counter()
                if not chunk:
                    epoll.unregister(number)
                    continue
                *whole, self.parts[number] = (self.parts[number] + chunk).split(b"\n\n")
                for event in whole:
                    _, found, rest = event.partition(b"number-")
                    if found:
                        self.heard[number].append((int(rest[:7]), now))


def publish(port, events, seconds):
    """Sends marked pings evenly over kept-alive connections; returns when each was sent."""
    sent = []
    with socket.create_connection(("127.0.0.1", port), 10) as one:
        started = time.perf_counter()
        for number in range(int(events * seconds)):
            time.sleep(max(0.0, started + number / events - time.perf_counter()))
            sent.append(time.perf_counter())
            one.sendall(
                f"GET /api/signals/ping/{token(0)}/log?rid=00000000-0000-4000-8000-{number:012d} HTTP/1.1\r\n"
                f"Host: localhost\r\nUser-Agent: number-{number:07d}\r\n\r\n".encode()
            )
            if not one.recv(4096).startswith(b"HTTP/1.1 200"):
                raise SystemExit("a ping was refused")
    return sent


def measure(clients, events, seconds):
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(4096, clients * 2 + 200),) * 2)
    with Sqlite() as database, tempfile.TemporaryDirectory() as data_dir:
        env = environment(database, data_dir)
        env["REDIS_URL"] = os.environ.get("REDIS_URL", "")
        for arguments in (["manage.py", "migrate", "-v0"], ["bench/ping_seed.py", "10"]):
            subprocess.run([sys.executable, *arguments], env=env, cwd=ROOT, check=True)
        printed = subprocess.check_output([sys.executable, "-c", SEED % clients], env=env, cwd=ROOT, text=True)
        with serving(["--interface", "asgi", "--workers", "1", "websignal.asgi:application"], env) as port:
            pid = int(subprocess.check_output(["pgrep", "-n", "-f", f"granian.*--port {port}"], text=True))
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            pid = pid if parent == os.getpid() else parent
            before = resident_kb(pid)
            sockets = connected(port, printed.split())
            idle = resident_kb(pid)
            stopping = threading.Event()
            listening = Listening(sockets, stopping)
            thread = threading.Thread(target=listening.run)
            thread.start()
            sent = publish(port, events, seconds)
            time.sleep(2)
            loaded = resident_kb(pid)
            stopping.set()
            thread.join()
            for one in sockets:
                one.close()
    delays = sorted(at - sent[number] for heard in listening.heard.values() for number, at in heard)
    lost = clients * len(sent) - sum(len({number for number, _ in heard}) for heard in listening.heard.values())
    at = lambda share: f"{delays[min(int(len(delays) * share), len(delays) - 1)] * 1000:.0f}"  # noqa: E731
    memory = [f"{(idle - before) / clients:.0f}", f"{(loaded - before) / clients:.0f}"]
    return [f"{clients:,}", f"{events:g}", f"{len(delays):,}", lost, at(0.5), at(0.99), *memory]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--events", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    row = measure(options.clients, options.events, options.seconds)
    print(f"\n{machine()}; SQLite; clients and publisher on the same cores; {options.seconds:g} s\n")
    titles = ["clients", "events/s", "delivered", "lost", "p50 ms", "p99 ms", "KB a client, idle", "under load"]
    print(f"| {' | '.join(titles)} |\n|{'---:|' * len(titles)}")
    print(f"| {' | '.join(map(str, row))} |")
    print("\nTargets: p99 ≤ 300 ms, ≤ 80 KB a client, none lost.")


if __name__ == "__main__":
    main()
