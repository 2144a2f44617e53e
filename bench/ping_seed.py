"""Fills an empty database with steady heartbeats for `bench/pings.py`.

python bench/ping_seed.py HEARTBEATS
"""

import sys
from datetime import timedelta

import django
from ping_tokens import token

django.setup()

from accounts.actor import SYSTEM  # noqa: E402
from accounts.services import create_user  # noqa: E402
from common import clock  # noqa: E402
from monitors.models import Monitor, MonitorState, Status  # noqa: E402
from signals.models import Heartbeat, HeartbeatState  # noqa: E402
from signals.upkeep import SIGNALS_BY_DAY  # noqa: E402


def seed(count):
    """`count` heartbeats that are OK and expect a ping in an hour, and the days of a month that pings came in."""
    now = clock.now()
    for days in (32, 24, 16, 8):
        SIGNALS_BY_DAY.tend(now=now - timedelta(days=days))
    workspace = create_user(email="bench@example.org", password=None, by=SYSTEM).workspaces.get()
    monitors = [Monitor(workspace=workspace, name=f"job {number}", type="heartbeat") for number in range(count)]
    Monitor.objects.bulk_create(monitors, batch_size=2000)
    states = [MonitorState(monitor=one, status=Status.OK, status_since=now) for one in monitors]
    MonitorState.objects.bulk_create(states, batch_size=2000)
    schedule = {"kind": "interval", "interval_seconds": 3600}
    heartbeats = [
        Heartbeat(monitor=one, workspace=workspace, token=token(number), schedule=schedule)
        for number, one in enumerate(monitors)
    ]
    Heartbeat.objects.bulk_create(heartbeats, batch_size=2000)
    due = now + timedelta(hours=1)
    HeartbeatState.objects.bulk_create(
        [
            HeartbeatState(heartbeat=one, interval_seconds=3600, is_steady=True, next_due_at=due, attention_at=due)
            for one in heartbeats
        ],
        batch_size=2000,
    )


if __name__ == "__main__":
    seed(int(sys.argv[1]))
