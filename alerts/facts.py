"""What rules may ask about an incident, gathered from its evidence and its monitor's regions."""

from datetime import datetime
from typing import Any

from incidents.models import Incident
from monitors.models import Monitor


def facts_of(incident: Incident, *, now: datetime) -> dict[str, Any]:
    """The fields of `alerts.conditions.FIELDS`; what is not known is None. At most one query."""
    cause, regions = incident.cause, _regions(incident.monitor)
    failing = {key for key, is_down, _ in regions if is_down} or ({cause["region"]} if cause.get("region") else set())
    until = incident.resolved_at or now
    return {
        "latency_ms": cause.get("latencyMs"),
        "status_code": cause.get("statusCode"),
        "region": sorted(failing),
        "regions_failing": len(failing),
        "consecutive_failures": max((failures for _, _, failures in regions), default=None),
        "severity": incident.severity,
        "kind": incident.kind,
        "failure_class": cause.get("failureClass"),
        "tag": list(incident.monitor.tags) if incident.monitor else [],
        "duration_seconds": max(0.0, (until - incident.started_at).total_seconds()),
    }


def _regions(monitor: Monitor | None) -> list[tuple[str, bool | None, int]]:
    if monitor is None:
        return []
    return list(monitor.region_states.values_list("region__key", "is_down", "consecutive_failures"))
