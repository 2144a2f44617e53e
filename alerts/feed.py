"""Puts what happens to monitors, incidents, deployments, deliveries into the change feed, in the same transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from accounts.actor import Actor
from accounts.feed import Entry, tell
from alerts.models import Delivery
from common.times import rfc3339
from incidents import events as incident_events
from incidents.events import Happening
from incidents.models import Incident, TimelineEvent
from monitors import events as monitor_events
from monitors.events import Changed, Moved
from monitors.models import Deployment, Monitor, StatusChange


def connect() -> None:
    """Called once, when the app is ready."""
    for signal, receiver in (
        (monitor_events.statuses_changed, _on_statuses),
        (monitor_events.monitor_created, _of_monitor("monitor_created")),
        (monitor_events.monitor_edited, _of_monitor("monitor_updated")),
        (monitor_events.monitor_deleted, _of_monitor("monitor_deleted")),
        (monitor_events.deployments_started, _of_deployments("deployment_started")),
        (monitor_events.deployments_ended, _of_deployments("deployment_ended")),
        (incident_events.incidents_opened, _of_incidents("incident_opened")),
        (incident_events.incident_acknowledged, _of_incident("incident_acknowledged")),
        (incident_events.incidents_resolved, _of_incidents("incident_resolved")),
        (incident_events.incidents_raised, _of_incidents("incident_updated")),
        (incident_events.incident_edited, _of_incident("incident_updated")),
        (incident_events.incident_deleting, _on_incident_deleting),
        (incident_events.note_written, _of_incident("note_written")),
    ):
        signal.connect(receiver, weak=False, dispatch_uid="alerts.feed")


def tell_failed(failures: Sequence[tuple[Delivery, str]], *, now: datetime) -> None:
    """Deliveries, with their channel loaded, that nobody gets, each with the reason."""
    tell([_delivery_entry(delivery, reason) for delivery, reason in failures], now=now)


def _on_statuses(*, changes: Sequence[Changed], now: datetime, **_: object) -> None:
    tell([_status_entry(one.monitor, one.change) for one in changes], now=now)


def _of_monitor(type: str) -> Callable[..., None]:
    def receive(*, monitor: Monitor, now: datetime, **_: object) -> None:
        tell([Entry(monitor.workspace_id, type, _shown(monitor))], now=now)

    return receive


def _of_deployments(type: str) -> Callable[..., None]:
    def receive(*, moved: Sequence[Moved], now: datetime, **_: object) -> None:
        tell([_deployment_entry(type, one.deployment) for one in moved], now=now)

    return receive


def _of_incident(type: str) -> Callable[..., None]:
    def receive(*, incident: Incident, event: TimelineEvent, now: datetime, **_: object) -> None:
        tell([_incident_entry(type, incident, event.message)], now=now)

    return receive


def _of_incidents(type: str) -> Callable[..., None]:
    def receive(*, happened: Sequence[Happening], now: datetime, **_: object) -> None:
        tell([_incident_entry(type, incident, event.message) for incident, event in happened], now=now)

    return receive


def _deployment_entry(type: str, deployment: Deployment) -> Entry:
    """A start or an end."""
    data = {"deploymentId": deployment.pk, "name": deployment.name, "version": deployment.release}
    return Entry(deployment.workspace_id, type, data)


def _status_entry(monitor: Monitor, change: StatusChange) -> Entry:
    """A change of a monitor's status."""
    data = {"before": change.before, "after": change.after, "at": rfc3339(change.at), "reason": change.reason}
    return Entry(monitor.workspace_id, "monitor_status_changed", _shown(monitor) | data)


def _on_incident_deleting(*, incident: Incident, by: Actor, now: datetime, **_: object) -> None:
    tell([_incident_entry("incident_deleted", incident, f"Deleted by {by.label}")], now=now)


def _incident_entry(type: str, incident: Incident, message: str) -> Entry:
    """What happened to an incident, with the line of its timeline."""
    data: dict[str, Any] = {
        "incidentId": incident.pk,
        "monitorId": incident.monitor_id,
        "kind": incident.kind,
        "severity": incident.severity,
        "state": incident.state,
        "title": incident.title,
        "message": message,
    }
    return Entry(incident.workspace_id, type, data)


def _delivery_entry(delivery: Delivery, reason: str) -> Entry:
    """What was not told, to whom, and why."""
    data = {
        "deliveryId": delivery.pk,
        "channelId": delivery.channel_id,
        "channel": delivery.channel.name,
        "incidentId": delivery.incident_id,
        "event": delivery.event,
        "attempts": delivery.attempts_made,
        "error": reason.replace("\x00", ""),
    }
    return Entry(delivery.workspace_id, "delivery_failed", data)


def _shown(monitor: Monitor) -> dict[str, Any]:
    return {
        "monitorId": monitor.pk,
        "name": monitor.name,
        "type": monitor.type,
        "externalKey": monitor.external_key,
    }
