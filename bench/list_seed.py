"""What `bench/api.py` reads: a workspace with many monitors that live, and as many incidents, deliveries and the like.

Each has a status, a history of it, a last check, an incident and results of the last hour. Prints as JSON what a client
needs to read it: a bearer token, a session, the ids of a monitor and of a heartbeat.

    python bench/list_seed.py MONITORS
"""

import json
import sys
from datetime import timedelta

import django

django.setup()

from django.db import connection  # noqa: E402
from django.db.models import F, OuterRef, Subquery  # noqa: E402
from django.test import Client  # noqa: E402
from history_seed import copies_of, one_monitor  # noqa: E402
from records_seed import records  # noqa: E402

from accounts.actor import Actor  # noqa: E402
from accounts.services import create_token  # noqa: E402
from common import clock  # noqa: E402
from common.bulk import insert_rows  # noqa: E402
from incidents.models import Incident, Kind, State  # noqa: E402
from monitors.models import Monitor, MonitorState, Region, RegionState, Result, Status, StatusChange  # noqa: E402

RESULTS, CHANGES = 60, 4


def seed(count):
    now = clock.now()
    monitor = one_monitor(now)
    MonitorState.objects.update(status=Status.OK)
    RegionState.objects.update(last_checked_at=now, last_latency_ms=81.5, last_status_code=200, is_down=False)
    Monitor.objects.update(tags=["shop", "eu"], created_at=now - timedelta(days=400))
    copies_of(monitor, count - 1)
    ids = list(Monitor.objects.order_by("pk").values_list("pk", flat=True))
    MonitorState.objects.filter(pk__in=ids[::50]).update(status=Status.DOWN)
    MonitorState.objects.annotate(place=F("pk") % 97).filter(place=0).update(status=Status.DEGRADED)
    _history(ids, now)
    _incidents(monitor.workspace, ids, now)
    by = Actor(monitor.workspace.memberships.get().user)
    heartbeat = records(monitor.workspace, by, count, now)
    with connection.cursor() as cursor:  # as autovacuum would within the minute
        cursor.execute("ANALYZE")
    return keys(monitor, heartbeat, by)


def _history(ids, now):
    since = now - timedelta(days=28)
    statuses = [(str(Status.OK), str(Status.DOWN)), (str(Status.DOWN), str(Status.OK))]
    changes = [
        (pk, since + timedelta(days=place * 6, minutes=pk % 1000), *statuses[place % 2], "")
        for pk in ids
        for place in range(CHANGES)
    ]
    insert_rows(StatusChange, ("monitor_id", "at", "before", "after", "reason"), changes)
    last = StatusChange.objects.filter(monitor=OuterRef("pk")).order_by("-at").values("at")[:1]
    MonitorState.objects.update(status_since=Subquery(last))
    region, minutes = Region.objects.get(key="default").pk, [now - timedelta(minutes=place) for place in range(RESULTS)]
    names = ("monitor_id", "region_id", "scheduled_at", "lag_ms", "loop_lag_ms", "ok", "failure_class", "detail",
             "address", "certificate_fingerprint", "latency_ms")  # fmt: skip
    for start in range(0, len(ids), 1000):
        rows = [(pk, region, at, 0.0, 0.0, True, "", "", "", "", 80.0 + pk % 40)
                for at in minutes for pk in ids[start : start + 1000]]  # fmt: skip
        insert_rows(Result, names, rows)


def _incidents(workspace, ids, now):
    made = []
    for place, pk in enumerate(ids):
        at = now - timedelta(days=place % 29, hours=1)
        state = State.OPEN if place % 50 == 0 else State.RESOLVED
        ended = None if state == State.OPEN else at + timedelta(minutes=4)
        made.append(Incident(workspace=workspace, monitor_id=pk, kind=Kind.DOWNTIME, state=state,
                             title="Shop is down", started_at=at, resolved_at=ended))  # fmt: skip
    Incident.objects.bulk_create(made, batch_size=2000)


def keys(monitor, heartbeat, by):
    """How clients come in: by token and by session."""
    made = create_token(
        user=by.user, workspace=monitor.workspace, name="bench", scopes=["monitor.admin", "monitor.read"], by=by
    )
    browser = Client()
    browser.force_login(by.user)
    session = browser.cookies["sessionid"].value
    return {"token": made.secret, "session": session, "monitor": monitor.pk, "heartbeat": heartbeat}


if __name__ == "__main__":
    print(json.dumps(seed(int(sys.argv[1]))))
