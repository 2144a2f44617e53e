"""What an incident is called: the monitor, then what is wrong, in one line."""

from collections.abc import Mapping
from typing import Any

from incidents.models import Kind
from monitors.models import FailureClass, Monitor


def title_of(monitor: Monitor, kind: str, evidence: Mapping[str, Any]) -> str:
    """For example "Shop: HTTP 500" or "Nightly backup: no ping"."""
    cause = evidence.get("cause") or {}
    if kind == Kind.LATENCY:
        return f"{monitor.name}: slower than {monitor.latency_threshold_ms} ms"
    if monitor.type == "heartbeat":
        return f"{monitor.name}: {cause.get('detail') or 'no ping in time'}"
    if cause.get("failureClass") == FailureClass.HTTP_STATUS and cause.get("statusCode"):
        return f"{monitor.name}: HTTP {cause['statusCode']}"
    found = cause.get("failureClass")
    return f"{monitor.name}: {FailureClass(found).label.lower() if found else 'down'}"
