"""Measures the overdue sweep: many heartbeats, of which some fall due in one second.

    python bench/sweep.py                        # 100,000 heartbeats, 1,000 due; DATABASE_URL, else SQLite
    python bench/sweep.py --heartbeats 20000 --due 200

Runs the sweep each second as beat does, in this process, with a rule and a webhook that a receiver takes. Prints one
Markdown table: LATE after the deadline and its 2 s buffer, webhook after the end of grace and its 2 s buffer.
"""

import argparse
import http.server
import os
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta

from pings import ROOT, Postgres, Sqlite, environment, machine

GRACE_SECONDS = 3


class Receiver(http.server.BaseHTTPRequestHandler):
    """Notes when each webhook came."""

    came: list[float] = []
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        Receiver.came.append(time.time())
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def measure(heartbeats, due):
    """Inside the seeded environment: returns the row."""
    import django

    django.setup()
    from django.db import transaction

    from accounts.actor import SYSTEM
    from alerts.sending import Sender
    from alerts.services import create_action_group
    from common import clock
    from monitors.events import statuses_changed
    from monitors.models import Monitor
    from signals.models import Heartbeat, HeartbeatState, Liveness
    from signals.sweep import sweep

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    now = clock.now()
    chosen = list(Monitor.objects.order_by("pk").values_list("pk", flat=True)[:due])
    fields = {"name": "hook", "url": f"http://127.0.0.1:{server.server_port}/", "is_enabled": True,
              "events": ["incident_open"], "headers": {}, "reminder_seconds": None}  # fmt: skip
    for monitor in Monitor.objects.filter(pk__in=chosen).select_related("workspace"):
        create_action_group(monitor=monitor, type="webhook", by=SYSTEM, now=now, fields=fields)
    Heartbeat.objects.filter(pk__in=chosen).update(grace_seconds=GRACE_SECONDS)
    base = clock.now() + timedelta(seconds=3)
    deadline = {}
    for index, pk in enumerate(chosen):
        deadline[pk] = base + timedelta(seconds=index / due)
        HeartbeatState.objects.filter(pk=pk).update(
            next_due_at=deadline[pk], attention_at=deadline[pk] + timedelta(seconds=2)
        )
    end = clock.now() + timedelta(seconds=25)
    seen = {}

    def note(changes, **_):
        late = [one.monitor.pk for one in changes if one.change.after == "LATE"]
        transaction.on_commit(lambda: [seen.setdefault(pk, time.time()) for pk in late])

    statuses_changed.connect(note, weak=False)
    sender = Sender()
    sender.start()
    longest = 0.0
    while clock.now() < end and len(Receiver.came) < due:
        tick = time.monotonic()
        Liveness.objects.update_or_create(name="ingest", defaults={"alive_at": clock.now()})
        sweep(now=clock.now())
        longest = max(longest, time.monotonic() - tick)
        time.sleep(max(0.0, tick + 1 - time.monotonic()))
    sender.stop()
    late = sorted(at - deadline[pk].timestamp() - 2 for pk, at in seen.items() if pk in deadline)
    begun = min(deadline.values()).timestamp()
    hooks = sorted(
        at - (begun + index / due) - GRACE_SECONDS - 2 for index, at in enumerate(sorted(Receiver.came)[:due])
    )
    at = lambda values, share: f"{values[min(int(len(values) * share), len(values) - 1)]:.2f}" if values else "–"  # noqa: E731
    return [f"{heartbeats:,}", f"{len(late):,}", at(late, 0.5), at(late, 1), f"{len(hooks):,}", at(hooks, 0.5),
            at(hooks, 0.95), f"{longest:.2f}"]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heartbeats", type=int, default=100_000)
    parser.add_argument("--due", type=int, default=1_000)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
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
    print(f"\n{machine()}; {database.version}; sweep, sender and receiver on the same cores\n")
    titles = [
        "heartbeats",
        "LATE",
        "after buffer p50 s",
        "max",
        "webhooks",
        "after buffer p50 s",
        "p95",
        "longest sweep s",
    ]
    print(f"| {' | '.join(titles)} |\n|{'---:|' * len(titles)}")
    print(f"| {' | '.join(row)} |")
    print("\nTargets: every LATE ≤ 2 s after its buffer; webhook p95 ≤ 1 s beyond it.")


if __name__ == "__main__":
    main()
