"""Rows for the operators' admin: what tests of several apps list, search and count queries over."""

from datetime import timedelta

from accounts.actor import SYSTEM
from common.models import MetricValue
from incidents.models import EventType, HeldIncident, Severity
from incidents.services import acknowledge, add_note, add_timeline, open_manual
from monitors.models import (
    DailyRollup,
    Evidence,
    HourlyRollup,
    LateHour,
    Region,
    Report,
    Result,
    RollupMark,
    StatusChange,
)
from monitors.planned.deploying import create_deployment
from monitors.planned.maintaining import create_window
from monitors.services import create_monitor
from signals.models import Dependency, DependencyLink, Liveness, Signal, StreamTicket


def http_monitor(workspace, now, **fields):
    """A monitor of type http that is due at once."""
    settings = fields.pop("settings", {"url": "http://127.0.0.1:9/"})
    return create_monitor(
        workspace=workspace,
        by=SYSTEM,
        now=now,
        fields={"type": "http", "name": "Shop", "settings": settings} | fields,
    )


def heartbeat(workspace, now, **fields):
    """A heartbeat each minute."""
    settings = {"schedule": {"kind": "interval", "interval_seconds": 60}}
    return create_monitor(
        workspace=workspace,
        by=SYSTEM,
        now=now,
        fields={"type": "heartbeat", "name": "Backup", "settings": settings} | fields,
    )


def one_of_each(workspace, now, by, number=0):
    """A monitor, a heartbeat and an incident, each with a row of every kind of history."""
    monitor = http_monitor(workspace, now, name=f"Shop {number}")
    beating = heartbeat(workspace, now, name=f"Backup {number}")
    region = Region.objects.get(key="default")
    at = now - timedelta(minutes=number)
    Result.objects.create(
        monitor=monitor, region=region, scheduled_at=at, lag_ms=1, loop_lag_ms=0, ok=False, failure_class="refused"
    )
    StatusChange.objects.create(monitor=monitor, at=at, before="NEW", after="DOWN", reason="refused")
    DailyRollup.objects.create(monitor=monitor, region=region, day=at.date(), checks=1, failures=1, summary=b"")
    HourlyRollup.objects.create(monitor=monitor, region=region, day=at.date(), hours=b"")
    MetricValue.objects.create(name=f"websignal_rows_{number}", labels="{}", value=number, said_at=at.timestamp())
    RollupMark.objects.get_or_create(defaults={"hours_until": at, "days_until": at})
    Report.objects.create(workspace=workspace, monitor=monitor, format="pdf", since=at, until=at, created_at=at)
    LateHour.objects.create(monitor=monitor, hour=at)
    Evidence.objects.create(monitor=monitor, region=region, is_good=True, observed_at=at, data={"body": "hello"})
    Signal.objects.create(heartbeat=beating.heartbeat, type="SUCCESS", created_at=at, payload="done", method="GET")
    Liveness.objects.get_or_create(name="ingest", defaults={"alive_at": now})
    planned = {"name": f"Move {number}", "monitor_ids": [monitor.pk]}
    create_window(
        workspace=workspace, by=by, now=now, fields=planned | {"starts_at": now, "ends_at": now + timedelta(hours=1)}
    )
    create_deployment(workspace=workspace, by=by, now=now, fields=planned | {"name": f"Release {number}"})
    HeldIncident.objects.create(
        monitor=monitor, kind="LATENCY", severity="WARNING", title="Slow", started_at=now, held_by="deployment"
    )
    dependency = Dependency.objects.create(workspace=workspace, name=f"Redis {number}")
    DependencyLink.objects.create(dependency=dependency, monitor=beating, reported_status="DOWN", reported_at=at)
    StreamTicket.objects.create(digest=f"{number:064}", user=by.user, workspace=workspace, expires_at=at)
    incident = open_manual(
        workspace=workspace, title=f"Outage {number}", severity=Severity.MAJOR, by=by, now=now, monitor=monitor
    )
    acknowledge(incident=incident, by=by, now=now)
    add_note(incident=incident, body="Looking into it", by=by, now=now)
    add_timeline(incident=incident, type=EventType.DELIVERY, message="Told Ada", now=now, by=by)
    return monitor, beating, incident
