"""Incidents that planned work holds back: kept with their evidence, opened when it ends if they still fail."""

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from incidents.models import HeldIncident, Kind
from incidents.services import open_incident
from monitors.locking import hold_states
from monitors.models import Monitor, Status
from monitors.planned import held_back

log = logging.getLogger(__name__)
MOST_A_TICK = 500
# The status in which the cause of a held incident goes on.
_FAILING: dict[str, str] = {
    Kind.DOWNTIME: Status.DOWN,
    Kind.LATENCY: Status.DEGRADED,
    Kind.SSL: Status.DEGRADED,
    Kind.DNS: Status.DEGRADED,
}


def hold(found: HeldIncident, *, held_by: str) -> None:
    """Keeps it back; the first of its kind stays. The caller holds the state of its monitor."""
    if not HeldIncident.objects.filter(monitor=found.monitor_id, kind=found.kind).exists():
        found.held_by = held_by[:300]
        found.save()


def drop(monitor: Monitor, kind: str) -> None:
    """Its cause is gone. The caller holds the state of the monitor."""
    HeldIncident.objects.filter(monitor=monitor.pk, kind=kind).delete()


def open_held(found: HeldIncident, *, now: datetime) -> None:
    """Opens it with the time and the evidence of its beginning. The caller holds the state of its monitor."""
    drop(found.monitor, found.kind)
    open_incident(
        workspace=found.monitor.workspace,
        monitor=found.monitor,
        kind=found.kind,
        severity=found.severity,
        title=found.title,
        started_at=found.started_at,
        now=now,
        cause=found.evidence.get("cause"),
        first_failure=found.evidence.get("first_failure"),
        last_good=found.evidence.get("last_good"),
    )


def release_of(monitors: Iterable[Monitor], *, now: datetime) -> int:
    """Opens what nothing holds back any more and still fails; returns how many. The caller holds the states."""
    ids = [monitor.pk for monitor in monitors]
    rows = HeldIncident.objects.filter(monitor__in=ids).select_related("monitor__workspace", "monitor__state")
    return sum(_release(row, now) for row in rows.order_by("monitor_id", "pk"))


def release(*, now: datetime) -> int:
    """The same for all monitors, each under its lock: windows end by the clock. Returns how many opened."""
    waiting = HeldIncident.objects.order_by("monitor_id").values_list("monitor_id", flat=True).distinct()
    opened = 0
    for monitor_id in list(waiting[:MOST_A_TICK]):
        try:
            opened += _release_one(monitor_id, now)
        except Exception:
            log.exception("what is held back of monitor %d could not be released", monitor_id)
    return opened


def _release_one(monitor_id: int, now: datetime) -> int:
    monitor = Monitor.objects.select_related("workspace").filter(pk=monitor_id).first()
    if monitor is None or held_back(monitor, now):
        return 0
    with transaction.atomic():
        return release_of([monitor], now=now) if hold_states(monitor_id) else 0


def _release(row: HeldIncident, now: datetime) -> bool:
    """While nobody looks (UNKNOWN) or a heartbeat is LATE it waits: that says nothing about its cause."""
    if row.monitor.state.status != _FAILING[row.kind] or held_back(row.monitor, now):
        return False
    open_held(row, now=now)
    return True
