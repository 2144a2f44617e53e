"""Fills an empty database with HTTP monitors that are OK, for `bench/engine.py`; prints the key of a signed-in session.

    python bench/engine_seed.py MONITORS INTERVAL_SECONDS URL...

One monitor is made as a person makes one and copied in the database: 100,000 take some seconds. Each gets a path of its
own under one of the URLs.
"""

import sys
import time
from datetime import UTC, datetime, timedelta

import django

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from history_seed import copies_of  # noqa: E402

from accounts.actor import SYSTEM, Actor  # noqa: E402
from accounts.services import create_user  # noqa: E402
from common import clock  # noqa: E402
from common.bulk import insert_rows, update_rows  # noqa: E402
from monitors.models import Monitor, MonitorState, Region, RegionState, Status  # noqa: E402
from monitors.scheduling.slots import next_slot  # noqa: E402
from monitors.services import create_monitor  # noqa: E402
from monitors.status import fresh_until  # noqa: E402

AHEAD_SECONDS = 20  # until the engine runs
AT_ONCE = 5000
KEYWORD = {"source": "body", "property": None, "comparison": "contains", "target": "up"}
STATE = ("monitor", "region", "next_check_at", "claimable_at", "is_down", "fresh_until", "consecutive_failures",
         "consecutive_successes", "consecutive_slow", "last_failure_class", "skipped_slots",
         "good_evidence_at")  # fmt: skip


def seed(number, interval_seconds, urls):
    """Monitors with a keyword assertion, their slots on the grid."""
    now = clock.now()
    user = create_user(email="bench@example.org", password=None, by=SYSTEM)
    fields = {"name": "site 0", "type": "http", "interval_seconds": interval_seconds, "ssl_expiry_days": [],
              "settings": {"url": urls[0], "assertions": [KEYWORD]}}  # fmt: skip
    monitor = create_monitor(workspace=user.workspaces.get(), by=Actor(user), now=now, fields=fields)
    copies_of(monitor, number - 1, with_states=False)
    _targets(monitor, urls)
    _states(now, interval_seconds)
    if connection.vendor == "postgresql":
        # As after a night: the planner knows the tables, and no vacuum of the seeding runs into the measuring.
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return _session(user)


def _targets(monitor, urls):
    """Each watches an address of its own: what one monitor costs is not to be found in a cache that others filled."""
    ids = list(Monitor.objects.order_by("pk").values_list("pk", flat=True))
    for first in range(0, len(ids), AT_ONCE):
        found = [(pk, f"{urls[pk % len(urls)]}{pk}") for pk in ids[first : first + AT_ONCE]]
        rows = [(pk, {**monitor.settings, "url": url}, url) for pk, url in found]
        update_rows(Monitor, "id", ("settings", "target"), rows)


def _states(now, interval_seconds):
    region, ids = Region.objects.get(), list(Monitor.objects.order_by("pk").values_list("pk", flat=True))
    fresh = fresh_until(now, interval_seconds=interval_seconds + AHEAD_SECONDS)
    rows = []
    for pk in ids:
        at = datetime.fromtimestamp(next_slot(pk, region.pk, interval_seconds, time.time() + AHEAD_SECONDS), UTC)
        evidence_at = now - timedelta(seconds=pk % 3600)  # as after hours: renewed all the time, not all at once
        rows.append((pk, region.pk, at, at, False, fresh, 0, 1, 0, "", 0, evidence_at))
    with transaction.atomic():
        RegionState.objects.all().delete()
        MonitorState.objects.all().delete()
        insert_rows(RegionState, STATE, rows)
        insert_rows(MonitorState, ("monitor", "status", "status_since"), [(pk, Status.OK, now) for pk in ids])


def _session(user):
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session.save()
    return str(session.session_key)


if __name__ == "__main__":
    print(seed(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
