"""Measures the overdue sweep: many heartbeats, of which some fall due in one second.

    python bench/sweep.py                        # 100,000 heartbeats, 1,000 due; DATABASE_URL, else SQLite
    python bench/sweep.py --heartbeats 20000 --due 200

Runs the sweep every 0.25 s as beat does, and the sender, in one process; each heartbeat has a rule and a webhook, which
a receiver in a process of its own takes. Prints one Markdown table: LATE after the deadline and its 2 s buffer, webhook
after the end of grace and its 2 s buffer, CPU of that process for each heartbeat from its deadline to its webhook.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta

from pings import ROOT, Postgres, Sqlite, environment, machine

GRACE_SECONDS = 3
TICK_SECONDS = 0.25


async def receive():
    """Prints its port, then when each webhook came; answers all with 200 until its input is closed."""

    async def take(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        print(time.time(), flush=True)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def measure(heartbeats, due):
    """Inside the seeded environment: returns the row."""
    import django

    django.setup()
    from django.db import transaction

    from accounts.actor import SYSTEM
    from alerts.sending import Sender
    from alerts.services import create_action_group
    from common import clock
    from common.bulk import update_rows
    from monitors.events import statuses_changed
    from monitors.models import Monitor
    from signals.models import Heartbeat, HeartbeatState, Liveness
    from signals.sweep import sweep

    receiver = subprocess.Popen(
        [sys.executable, __file__, "--receive"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    port, came = int(receiver.stdout.readline()), []
    threading.Thread(target=lambda: came.extend(float(line) for line in receiver.stdout), daemon=True).start()
    now = clock.now()
    chosen = list(Monitor.objects.order_by("pk").values_list("pk", flat=True)[:due])
    fields = {"name": "hook", "url": f"http://127.0.0.1:{port}/", "is_enabled": True,
              "events": ["incident_open"], "headers": {}, "reminder_seconds": None}  # fmt: skip
    with transaction.atomic():
        for monitor in Monitor.objects.filter(pk__in=chosen).select_related("workspace"):
            create_action_group(monitor=monitor, type="webhook", by=SYSTEM, now=now, fields=fields)
    Heartbeat.objects.filter(pk__in=chosen).update(grace_seconds=GRACE_SECONDS)
    base = clock.now() + timedelta(seconds=5)
    deadline = {pk: base + timedelta(seconds=index / due) for index, pk in enumerate(chosen)}
    rows = [(pk, at, at + timedelta(seconds=2)) for pk, at in deadline.items()]
    update_rows(HeartbeatState, "heartbeat", ("next_due_at", "attention_at"), rows)
    end = base + timedelta(seconds=25)
    seen = {}

    def note(changes, **_):
        late = [one.monitor.pk for one in changes if one.change.after == "LATE"]
        transaction.on_commit(lambda: [seen.setdefault(pk, time.time()) for pk in late])

    statuses_changed.connect(note, weak=False)
    sender = Sender()
    sender.start()
    longest, used = 0.0, time.process_time()
    while clock.now() < end and len(came) < due:
        tick = time.monotonic()
        Liveness.objects.update_or_create(name="ingest", defaults={"alive_at": clock.now()})
        sweep(now=clock.now())
        longest = max(longest, time.monotonic() - tick)
        time.sleep(max(0.0, tick + TICK_SECONDS - time.monotonic()))
    used = time.process_time() - used
    sender.stop()
    receiver.stdin.close()
    receiver.wait(10)
    late = sorted(at - deadline[pk].timestamp() - 2 for pk, at in seen.items() if pk in deadline)
    begun = min(deadline.values()).timestamp()
    hooks = sorted(at - (begun + index / due) - GRACE_SECONDS - 2 for index, at in enumerate(sorted(came)[:due]))
    at = lambda values, share: f"{values[min(int(len(values) * share), len(values) - 1)]:.2f}" if values else "–"  # noqa: E731
    return [f"{heartbeats:,}", f"{len(late):,}", at(late, 0.5), at(late, 1), f"{len(hooks):,}", at(hooks, 0.5),
            at(hooks, 0.95), f"{longest:.2f}",
            f"{used * 1000 / due:.2f}"]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heartbeats", type=int, default=100_000)
    parser.add_argument("--due", type=int, default=1_000)
    parser.add_argument("--receive", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.receive:
        asyncio.run(receive())
        return
    if options.inside:
        print("\x1f".join(measure(options.heartbeats, options.due)))
        return
    url = os.environ.get("DATABASE_URL", "")
    database = Postgres(url) if url.startswith("postgres") else Sqlite()
    with database, tempfile.TemporaryDirectory() as data_dir:
        env = environment(database, data_dir)
        for arguments in (["manage.py", "migrate", "-v0"], ["bench/ping_seed.py", str(options.heartbeats)]):
            subprocess.run([sys.executable, *arguments], env=env, cwd=ROOT, check=True)
        inside = [sys.executable, __file__, "--inside", "--heartbeats", str(options.heartbeats), "--due",
                  str(options.due)]  # fmt: skip
        row = subprocess.check_output(inside, env=env, cwd=ROOT, text=True).strip().splitlines()[-1].split("\x1f")
    print(f"\n{machine()}; {database.version}; sweep and sender in one process, receiver beside it\n")
    titles = [
        "heartbeats",
        "LATE",
        "after buffer p50 s",
        "max",
        "webhooks",
        "after buffer p50 s",
        "p95",
        "longest sweep s",
        "CPU ms each",
    ]
    print(f"| {' | '.join(titles)} |\n|{'---:|' * len(titles)}")
    print(f"| {' | '.join(row)} |")
    print("\nTargets: every LATE ≤ 2 s after its buffer; webhook p95 ≤ 1 s beyond it.")


if __name__ == "__main__":
    main()
