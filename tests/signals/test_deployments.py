"""DEPLOYMENT signals mark the start and the end of a deployment on each heartbeat that it covers."""

from datetime import timedelta

from accounts.actor import SYSTEM
from monitors.planned.deploying import create_deployment, end_deployment
from signals.models import Signal
from signals.settling import advance
from tests.admin_rows import http_monitor
from tests.signals.conftest import status_of

HOUR = timedelta(hours=1)


def test_start_and_end_are_marked_and_change_nothing_else(make_heartbeat, workspace, now):
    covered, other = make_heartbeat("Backup"), make_heartbeat("Other")
    watched = http_monitor(workspace, now)
    fields = {
        "name": "Shop", "release": "1.4.2", "author": "Ada", "link": "https://ci.example/7",
        "monitor_ids": [covered.pk, watched.pk],
    }  # fmt: skip
    begun = create_deployment(workspace=workspace, by=SYSTEM, now=now, fields=fields)
    end_deployment(deployment=begun, by=SYSTEM, now=now + HOUR)
    marks = list(Signal.objects.filter(heartbeat=covered).order_by("pk"))
    assert [(one.type, one.created_at, one.metadata["phase"]) for one in marks] == [
        ("DEPLOYMENT", now, "start"),
        ("DEPLOYMENT", now + HOUR, "end"),
    ]
    assert marks[0].metadata == {
        "phase": "start", "deploymentId": begun.pk, "name": "Shop", "version": "1.4.2", "author": "Ada",
        "link": "https://ci.example/7",
    }  # fmt: skip
    assert not Signal.objects.filter(heartbeat=other).exists()
    assert status_of(covered) == "NEW"


def test_a_mark_among_waiting_pings_is_no_ping(make_heartbeat, workspace, now):
    heartbeat = make_heartbeat()
    state = heartbeat.state
    state.attention_at = now
    state.save()
    create_deployment(workspace=workspace, by=SYSTEM, now=now, fields={"name": "Shop", "monitor_ids": [heartbeat.pk]})
    advance([heartbeat.pk], now=now)
    assert status_of(heartbeat) == "NEW"
    assert Signal.objects.get().type == "DEPLOYMENT"
