"""Incidents that planned work holds back: kept with their evidence, opened when it ends if they still fail."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from incidents.models import HeldIncident, Incident, Kind, State
from incidents.opening import Opening, open_incidents
from incidents.raising import is_worse
from incidents.services import resolve_incidents
from monitors.locking import hold_states
from monitors.models import Monitor, Status
from monitors.planned import all_held_back, held_back

log = logging.getLogger(__name__)
MOST_A_TICK = 500
# The status in which the cause of a held incident goes on.
_FAILING: dict[str, str] = {
    Kind.DOWNTIME: Status.DOWN,
    Kind.LATENCY: Status.DEGRADED,
    Kind.SSL: Status.DEGRADED,
    Kind.DNS: Status.DEGRADED,
}


def hold(found: Sequence[HeldIncident]) -> None:
    """Keeps them back; the first of a kind and monitor stays, as bad as it has become.

    The caller holds the states of their monitors.
    """
    rows = HeldIncident.objects.filter(monitor__in=[one.monitor_id for one in found])
    kept = {(row.monitor_id, row.kind): row for row in rows}
    HeldIncident.objects.bulk_create([one for one in found if (one.monitor_id, one.kind) not in kept])
    for one in found:
        before = kept.get((one.monitor_id, one.kind))
        if before is not None and is_worse(one.severity, before.severity):
            before.severity, before.title, before.evidence = one.severity, one.title, one.evidence
            before.save(update_fields=["severity", "title", "evidence"])


def drop(kinds: Mapping[int, Collection[str]]) -> None:
    """Their cause is gone: what is held of these kinds, by the id of the monitor. The caller holds their states."""
    rows = HeldIncident.objects.filter(monitor__in=kinds).values_list("pk", "monitor_id", "kind")
    gone = [pk for pk, monitor_id, kind in rows if kind in kinds[monitor_id]]
    if gone:
        HeldIncident.objects.filter(pk__in=gone).delete()


def open_held(found: Sequence[HeldIncident], *, now: datetime) -> None:
    """Opens them with the time and the evidence of their beginning. The caller holds the states of their monitors."""
    drop({one.monitor_id: [one.kind] for one in found})
    open_incidents([_opening(one) for one in found], now=now)


def open_or_hold(found: Sequence[HeldIncident], *, now: datetime) -> None:
    """Opens them, or keeps them where planned work covers their monitor. The caller holds the states."""
    if not found:
        return
    held = all_held_back([one.monitor_id for one in found], now)
    for one in found:
        one.held_by = held.get(one.monitor_id, "")[:300]
    if held:
        hold([one for one in found if one.held_by])
    open_held([one for one in found if not one.held_by], now=now)


def end(kinds: Mapping[int, Mapping[str, str]], *, now: datetime, subject: str | None = None) -> None:
    """Ends what is held or open of these kinds; `kinds` has a reason for each, by the id of the monitor."""
    if not kinds:
        return
    drop(kinds)
    found = Incident.objects.filter(monitor__in=kinds).exclude(state=State.RESOLVED)
    found = found if subject is None else found.filter(subject=subject)
    rows = found.values_list("pk", "monitor_id", "kind")
    reasons = {pk: kinds[monitor][kind] for pk, monitor, kind in rows if monitor and kind in kinds[monitor]}
    if reasons:
        resolve_incidents(reasons, now=now)


def _opening(one: HeldIncident) -> Opening:
    return Opening(
        workspace=one.monitor.workspace,
        monitor=one.monitor,
        kind=one.kind,
        severity=one.severity,
        title=one.title,
        started_at=one.started_at,
        cause=one.evidence.get("cause"),
        first_failure=one.evidence.get("first_failure"),
        last_good=one.evidence.get("last_good"),
    )


def release_of(monitors: Iterable[Monitor], *, now: datetime) -> int:
    """Opens what nothing holds back any more and still fails; returns how many. The caller holds the states.

    While nobody looks (UNKNOWN) or a heartbeat is LATE it waits: that says nothing about its cause.
    """
    rows = HeldIncident.objects.filter(monitor__in=[monitor.pk for monitor in monitors])
    failing = [
        row
        for row in rows.select_related("monitor__workspace", "monitor__state").order_by("monitor_id", "pk")
        if row.monitor.state.status == _FAILING[row.kind]
    ]
    held = all_held_back({row.monitor_id for row in failing}, now) if failing else {}
    ready = [row for row in failing if row.monitor_id not in held]
    if ready:
        open_held(ready, now=now)
    return len(ready)


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
