"""What a message says, as JSON: a snapshot of the incident when the event happened."""

from datetime import datetime
from typing import Any

from accounts.models import User, Workspace
from common.times import rfc3339
from incidents.models import Incident
from monitors.models import Monitor

# Headers and body of a check stay with us: they may hold what a receiver has no business to see.
_PRIVATE = ("headers", "body")


def incident_payload(incident: Incident, *, now: datetime, message: str = "") -> dict[str, Any]:
    """`incident`, `monitor` and `workspace` as a webhook gets them, and the event's line of the timeline."""
    return {
        "incident": incident_facts(incident, now),
        "monitor": None if incident.monitor is None else monitor_facts(incident.monitor),
        "workspace": workspace_facts(incident.workspace),
        "message": message,
    }


def payload_of_test(workspace: Workspace, monitor: Monitor | None) -> dict[str, Any]:
    """A test has no incident."""
    return {
        "incident": None,
        "monitor": None if monitor is None else monitor_facts(monitor),
        "workspace": workspace_facts(workspace),
        "message": "This is a test. Nothing is wrong.",
    }


def incident_facts(incident: Incident, now: datetime) -> dict[str, Any]:
    """An incident as the API shows it, without notes, timeline and what is private of a check."""
    until = incident.resolved_at or now
    return {
        "id": incident.pk,
        "monitorId": incident.monitor_id,
        "kind": incident.kind,
        "severity": incident.severity,
        "state": incident.state,
        "title": incident.title,
        "summary": incident.summary,
        "startedAt": rfc3339(incident.started_at),
        "acknowledgedAt": _instant(incident.acknowledged_at),
        "acknowledgedBy": _person(incident.acknowledged_by),
        "resolvedAt": _instant(incident.resolved_at),
        "resolvedBy": _person(incident.resolved_by),
        "durationSeconds": max(0, int((until - incident.started_at).total_seconds())),
        "cause": _public(incident.cause),
        "firstFailure": _public(incident.first_failure),
        "lastGood": _public(incident.last_good),
    }


def monitor_facts(monitor: Monitor) -> dict[str, Any]:
    """What a receiver needs to tell one monitor from another."""
    return {
        "id": monitor.pk,
        "name": monitor.name,
        "type": monitor.type,
        "target": monitor.target,
        "tags": monitor.tags,
        "serviceGroupId": monitor.service_group_id,
    }


def workspace_facts(workspace: Workspace) -> dict[str, Any]:
    """Id and name of a workspace."""
    return {"id": workspace.pk, "name": workspace.name}


def _public(evidence: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in evidence.items() if name not in _PRIVATE}


def _instant(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None


def _person(user: User | None) -> dict[str, Any] | None:
    return {"id": user.pk, "name": user.name, "email": user.email} if user else None
