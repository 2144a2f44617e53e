"""Fills an empty database with HTTP monitors that are OK, for `bench/engine.py`; prints the key of a signed-in session.

python bench/engine_seed.py MONITORS INTERVAL_SECONDS URL
"""

import sys
import time
from datetime import UTC, datetime

import django

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402

from accounts.actor import SYSTEM  # noqa: E402
from accounts.services import create_user  # noqa: E402
from common import clock  # noqa: E402
from monitors.kinds import kinds  # noqa: E402
from monitors.models import Monitor, MonitorState, Region, RegionState, Status  # noqa: E402
from monitors.slots import next_slot  # noqa: E402
from monitors.status import fresh_until  # noqa: E402

AHEAD_SECONDS = 15  # until the engine runs


def seed(number: int, interval_seconds: int, url: str) -> str:
    """Monitors with a keyword assertion, their slots on the grid."""
    now = clock.now()
    user = create_user(email="bench@example.org", password=None, by=SYSTEM)
    workspace, region = user.workspaces.get(), Region.objects.get()
    keyword = {"source": "body", "property": None, "comparison": "contains", "target": "up"}
    settings = kinds["http"].clean({"url": url, "assertions": [keyword]})
    monitors = [
        Monitor(
            workspace=workspace,
            name=f"site {index}",
            type="http",
            target=url,
            settings=settings,
            interval_seconds=interval_seconds,
            timeout_ms=8000,
            ssl_expiry_days=[],
        )
        for index in range(number)
    ]
    Monitor.objects.bulk_create(monitors, batch_size=2000)
    states = [MonitorState(monitor=one, status=Status.OK, status_since=now) for one in monitors]
    MonitorState.objects.bulk_create(states, batch_size=2000)
    fresh = fresh_until(now, interval_seconds=interval_seconds + AHEAD_SECONDS)
    rows = []
    for one in monitors:
        slot = next_slot(one.pk, region.pk, interval_seconds, time.time() + AHEAD_SECONDS)
        at = datetime.fromtimestamp(slot, UTC)
        rows.append(
            RegionState(monitor=one, region=region, next_check_at=at, claimable_at=at, is_down=False, fresh_until=fresh)
        )
    RegionState.objects.bulk_create(rows, batch_size=2000)
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session.save()
    return str(session.session_key)


if __name__ == "__main__":
    print(seed(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
