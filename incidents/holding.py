"""Incidents that planned work holds back: kept with their evidence, opened when it ends if they still fail."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from incidents.models import HeldIncident, Incident, Kind, State
from incidents.opening import Opening, open_incidents
from incidents.raising import is_worse
from incidents.services import resolve_incidents
from monitors.locking import hold_all_states
from monitors.models import Status
from monitors.planned.selectors import all_held_back

log = logging.getLogger(__name__)
AT_ONCE = 500
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
    kinds: defaultdict[int, list[str]] = defaultdict(list)
    for one in found:
        kinds[one.monitor_id].append(one.kind)
    drop(kinds)
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


def end(kinds: Mapping[int, Mapping[str, str]], *, now: datetime) -> None:
    """Ends what is held or open of these kinds; `kinds` has a reason for each, by the id of the monitor."""
    if not kinds:
        return
    drop(kinds)
    found = Incident.objects.filter(monitor__in=kinds).exclude(state=State.RESOLVED)
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


def release_of(monitor_ids: Iterable[int], *, now: datetime) -> int:
    """Opens what nothing holds back any more and still fails; returns how many. The caller holds the states."""
    ready = _ready(monitor_ids, now)
    if ready:
        open_held(ready, now=now)
    return len(ready)


def _ready(monitor_ids: Iterable[int], now: datetime) -> list[HeldIncident]:
    """While nobody looks (UNKNOWN) or a heartbeat is LATE it waits: that says nothing about its cause."""
    rows = HeldIncident.objects.filter(monitor__in=list(monitor_ids)).defer("monitor__settings")
    failing = [
        row
        for row in rows.select_related("monitor__workspace", "monitor__state").order_by("monitor_id", "pk")
        if row.monitor.state.status == _FAILING[row.kind]
    ]
    held = all_held_back({row.monitor_id for row in failing}, now) if failing else {}
    return [row for row in failing if row.monitor_id not in held]


def release(*, now: datetime) -> int:
    """The same for all monitors, a batch under its locks at a time: windows end by the clock."""
    waiting = HeldIncident.objects.order_by("monitor_id").values_list("monitor_id", flat=True).distinct()
    opened, last = 0, 0
    while ids := list(waiting.filter(monitor__gt=last)[:AT_ONCE]):
        last = ids[-1]
        opened += _release(ids, now)
    return opened


def _release(monitor_ids: Sequence[int], now: datetime) -> int:
    """Looks before it locks. When the batch fails, each alone: one bad row holds back nobody else."""
    try:
        ready = sorted({row.monitor_id for row in _ready(monitor_ids, now)})
        with transaction.atomic():
            return release_of([state.pk for state in hold_all_states(ready)], now=now) if ready else 0
    except Exception:
        log.exception("what is held back of %d monitors could not be released", len(monitor_ids))
        return sum(_release([one], now) for one in monitor_ids) if len(monitor_ids) > 1 else 0
