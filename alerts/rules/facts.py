"""What rules may ask about an incident, gathered from its evidence and its monitor's regions."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from incidents.models import Incident
from monitors.models import RegionState

_Region = tuple[str, bool | None, int]


def facts_of(incident: Incident, *, now: datetime) -> dict[str, Any]:
    """The fields of `alerts.rules.conditions.FIELDS`; what is not known is None. At most one query."""
    return all_facts([incident], now=now)[incident.pk]


def all_facts(incidents: Collection[Incident], *, now: datetime) -> dict[int, dict[str, Any]]:
    """The same of many, by the id of the incident; at most one query for all."""
    regions = _regions({incident.monitor_id for incident in incidents if incident.monitor_id is not None})
    return {one.pk: _facts(one, regions[one.monitor_id or 0], now) for one in incidents}


def _facts(incident: Incident, regions: list[_Region], now: datetime) -> dict[str, Any]:
    cause = incident.cause
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


def _regions(monitor_ids: Collection[int]) -> defaultdict[int, list[_Region]]:
    """Region, whether it is down and its failures in a row, by the id of the monitor."""
    rows = RegionState.objects.filter(monitor__in=monitor_ids)
    found: defaultdict[int, list[_Region]] = defaultdict(list)
    values = rows.values_list("monitor_id", "region__key", "is_down", "consecutive_failures")
    for monitor_id, key, is_down, failures in values:
        found[monitor_id].append((key, is_down, failures))
    return found
