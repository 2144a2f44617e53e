"""What `bench/list_seed.py` adds to its monitors: as many deliveries, audit rows and signals, and some dependencies."""

from datetime import timedelta

from accounts.models import AuditEntry
from alerts.channel_services import create_channel
from alerts.models import AlertEvent, Delivery, DeliveryState
from incidents.models import Incident
from monitors.models import Monitor
from monitors.services import create_monitor
from signals.models import Dependency, DependencyLink, Signal, SignalType

DEPENDENCIES = 200
AT_ONCE = 2000


def records(workspace, by, count, now):
    """Returns the monitor of a heartbeat that has `count` signals of the last days."""
    _deliveries(workspace, by, count, now)
    entries = (
        AuditEntry(workspace=workspace, user=by.user, actor=by.user.email, verb="update", object_type="monitor",
                   object_id=str(place), object_name=f"Shop {place}", changes={"name": ["Shop", f"Shop {place}"]})
        for place in range(count)
    )  # fmt: skip
    AuditEntry.objects.bulk_create(entries, batch_size=AT_ONCE)
    _dependencies(workspace, now)
    return _signals(workspace, by, count, now)


def _deliveries(workspace, by, count, now):
    fields = {"name": "Pager", "type": "webhook", "config": {"url": "http://127.0.0.1:9/"}}
    channel = create_channel(workspace=workspace, by=by, now=now, fields=fields).channel
    incidents = list(Incident.objects.in_workspace(workspace).values_list("pk", flat=True))
    made = (
        Delivery(workspace=workspace, channel=channel, incident_id=incidents[place % len(incidents)],
                 event=AlertEvent.INCIDENT_OPEN, occurrence=f"bench {place}", state=DeliveryState.DELIVERED,
                 attempts_made=1, created_at=now - timedelta(minutes=place), finished_at=now)
        for place in range(count)
    )  # fmt: skip
    Delivery.objects.bulk_create(made, batch_size=AT_ONCE)


def _dependencies(workspace, now):
    monitors = list(Monitor.objects.in_workspace(workspace).values_list("pk", flat=True)[: DEPENDENCIES * 5])
    made = Dependency.objects.bulk_create(
        Dependency(workspace=workspace, name=f"Queue {place}") for place in range(DEPENDENCIES)
    )
    DependencyLink.objects.bulk_create(
        DependencyLink(dependency=made[place % DEPENDENCIES], monitor_id=pk, reported_status="OK", reported_at=now)
        for place, pk in enumerate(monitors)
    )


def _signals(workspace, by, count, now):
    settings = {"schedule": {"kind": "interval", "interval_seconds": 60}}
    fields = {"type": "heartbeat", "name": "Backup", "settings": settings}
    monitor = create_monitor(workspace=workspace, by=by, now=now, fields=fields)
    made = (
        Signal(heartbeat_id=monitor.pk, type=SignalType.SUCCESS, created_at=now - timedelta(seconds=place * 20),
               method="POST", payload='{"rows": 5}', payload_is_json=True, duration_ms=900 + place % 100)
        for place in range(count)
    )  # fmt: skip
    Signal.objects.bulk_create(made, batch_size=AT_ONCE)
    return monitor.pk
