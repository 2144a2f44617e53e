"""Prepares heartbeats for `bench/sweep.py`.

python bench/sweep_seed.py hooks DUE PORT GRACE    # the first DUE heartbeats get a rule and a webhook to PORT each
python bench/sweep_seed.py due DUE SECONDS         # they fall due one after the other from SECONDS on, within a second

The second prints when that second begins.
"""

import sys
from datetime import timedelta

import django

django.setup()

from django.db import connection, transaction  # noqa: E402

from alerts.models import Channel, Rule  # noqa: E402
from alerts.signatures import new_secret  # noqa: E402
from common import clock  # noqa: E402
from common.bulk import update_rows  # noqa: E402
from monitors.models import Monitor  # noqa: E402
from signals.models import Heartbeat, HeartbeatState  # noqa: E402


def chosen(due):
    return list(Monitor.objects.order_by("pk").values_list("pk", "workspace_id")[:due])


@transaction.atomic
def add_hooks(due, port, grace_seconds):
    config = {"url": f"http://127.0.0.1:{port}/", "headers": {}}
    pairs = chosen(due)
    channels = Channel.objects.bulk_create(
        Channel(workspace_id=workspace, name="hook", type="webhook", config={**config, "secret": new_secret()})
        for _, workspace in pairs
    )
    rules = Rule.objects.bulk_create(
        Rule(workspace_id=workspace, name="hook", monitor_id=pk, events=["incident_open"], is_action_group=True)
        for pk, workspace in pairs
    )
    through = Rule.channels.through
    through.objects.bulk_create(
        through(rule=rule, channel=channel) for rule, channel in zip(rules, channels, strict=True)
    )
    Heartbeat.objects.filter(pk__in=[pk for pk, _ in pairs]).update(grace_seconds=grace_seconds)


def fall_due(due, seconds):
    pairs = chosen(due)
    begin = clock.now() + timedelta(seconds=seconds)
    deadlines = [(pk, begin + timedelta(seconds=place / due)) for place, (pk, _) in enumerate(pairs)]
    rows = [(pk, at, at + timedelta(seconds=2)) for pk, at in deadlines]
    update_rows(HeartbeatState, "heartbeat", ("next_due_at", "attention_at"), rows)
    print(begin.timestamp(), pairs[0][0])


if __name__ == "__main__":
    what, *numbers = sys.argv[1:]
    {"hooks": add_hooks, "due": fall_due}[what](*map(int, numbers))
    if what == "hooks" and connection.vendor == "postgresql":
        # As autovacuum has it in a database that is not a minute old.
        connection.cursor().execute("ANALYZE")
