"""Moves deployments on, by hand one, by the clock many: starts and ends in as many statements as for one.

Locks: the deployments by id, then the monitors they cover, as `locking.py` says. Two that end at once each mark
themselves ended before they take a monitor, so the later one at a monitor sees that it is the last.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.actor import SYSTEM, Actor
from common.bulk import create_rows, numbers
from monitors import events
from monitors.events import Moved
from monitors.locking import Held, hold_monitors
from monitors.models import CoveredMonitor, Deployment, DeploymentState, Status
from monitors.pausing import act_on_all
from monitors.status import Act

log = logging.getLogger(__name__)
BATCH = 100


def move_deployments(*, now: datetime) -> int:
    """Starts and ends what is scheduled up to `now`; returns how many.

    A batch in one transaction; when it fails each alone, so that one bad deployment holds back no other.
    """
    ending = Q(state=DeploymentState.ACTIVE, scheduled_end_at__lte=now)
    starting = Q(state=DeploymentState.SCHEDULED, scheduled_start_at__lte=now)
    if not Deployment.objects.filter(ending | starting).exists():
        return 0
    return _by_batches(ending, end_all, now) + _by_batches(starting, _start_due, now)


def start_all(deployments: Sequence[Deployment], *, by: Actor, now: datetime) -> None:
    """Starts what is scheduled, in this order; the caller holds it. What each covers is fixed from here on."""
    _write(deployments, DeploymentState.ACTIVE, now)
    covered = _covered_ids(deployments)
    held = {monitor.pk: (monitor, state) for monitor, state in hold_monitors(_flat(covered))}
    there = {one.pk: [pk for pk in sorted(covered[one.pk]) if pk in held] for one in deployments}
    pausing = _pausing(deployments, there, held)
    rows = [
        CoveredMonitor(deployment=one, monitor_id=pk, is_auto_paused=pk in pausing[one.pk])
        for one in deployments
        for pk in there[one.pk]
    ]
    create_rows(rows)
    # The first that pauses a monitor is the one that its history names.
    reasons = {pk: f"Paused for the deployment {one}" for one in reversed(deployments) for pk in pausing[one.pk]}
    act_on_all([held[pk] for pk in sorted(reasons)], Act.PAUSE, by=by, now=now, reasons=reasons)
    moved = [Moved(one, [held[pk][0] for pk in there[one.pk]]) for one in deployments]
    events.deployments_started.send(sender=Deployment, moved=moved, now=now)


def end_all(deployments: Sequence[Deployment], *, now: datetime) -> None:
    """Ends what the caller holds: what it paused is watched again, what it held back and still fails opens.

    What has not started ends without ever starting.
    """
    active = [one for one in deployments if one.state == DeploymentState.ACTIVE]
    _write(deployments, DeploymentState.ENDED, now)
    rows = CoveredMonitor.objects.filter(deployment__in=numbers([one.pk for one in active])).order_by("deployment_id")
    covered = _by_deployment(rows.values_list("deployment_id", "monitor_id"))
    held = {monitor.pk: (monitor, state) for monitor, state in hold_monitors(_flat(covered))}
    # Read under the locks: a person may have paused one by hand until now.
    paused = _by_deployment(rows.filter(is_auto_paused=True).values_list("deployment_id", "monitor_id"))
    kept = _paused_for_active(_flat(paused))
    reasons = {
        pk: f"Resumed after the deployment {one}" for one in active for pk in paused[one.pk] & held.keys() - kept
    }
    act_on_all([held[pk] for pk in sorted(reasons)], Act.RESUME, by=SYSTEM, now=now, reasons=reasons)
    moved = [Moved(one, [held[pk][0] for pk in sorted(covered[one.pk] & held.keys())]) for one in active]
    events.deployments_ended.send(sender=Deployment, moved=moved, now=now)


def _by_batches(due: Q, move: Callable[..., None], now: datetime) -> int:
    moved, last = 0, 0
    among = Deployment.objects.filter(due).order_by("pk")
    while ids := list(among.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        last = ids[-1]
        moved += _batch(among, ids, move, now)
    return moved


def _batch(among: QuerySet[Deployment], ids: Sequence[int], move: Callable[..., None], now: datetime) -> int:
    try:
        with transaction.atomic():
            free = among.select_related("workspace").select_for_update(of=("self",), skip_locked=True)
            deployments = list(free.filter(pk__in=ids))
            if deployments:
                move(deployments, now=now)
            return len(deployments)
    except Exception:
        log.exception("%d deployments could not be moved on", len(ids))
        return sum(_batch(among, [one], move, now) for one in ids) if len(ids) > 1 else 0


def _start_due(deployments: Sequence[Deployment], *, now: datetime) -> None:
    missed = [one for one in deployments if one.scheduled_end_at is not None and one.scheduled_end_at <= now]
    if missed:
        end_all(missed, now=now)  # Nobody was there to start them in time.
    if starting := [one for one in deployments if one not in missed]:
        start_all(starting, by=SYSTEM, now=now)


def _write(deployments: Sequence[Deployment], state: DeploymentState, now: datetime) -> None:
    at = {"started_at" if state == DeploymentState.ACTIVE else "ended_at": now}
    for one in deployments:
        one.state, one.updated_at = state, now
        one.version += 1
        vars(one).update(at)
    rows = Deployment.objects.filter(pk__in=[one.pk for one in deployments])
    rows.update(state=state, updated_at=now, version=F("version") + 1, **at)


def _covered_ids(deployments: Sequence[Deployment]) -> defaultdict[int, set[int]]:
    """The monitors that each covers as things stand, by name or by group."""
    rows = Deployment.objects.filter(pk__in=[one.pk for one in deployments])
    named = rows.filter(monitors__workspace=F("workspace")).values_list("pk", "monitors")
    grouped = rows.filter(service_group__monitors__workspace=F("workspace"))
    return _by_deployment(named.union(grouped.values_list("pk", "service_group__monitors")))


def _pausing(
    deployments: Sequence[Deployment], covered: Mapping[int, Sequence[int]], held: Mapping[int, Held]
) -> dict[int, set[int]]:
    """What each of them pauses, or keeps paused with others; a monitor that was paused by hand is left alone."""
    pausing = [one for one in deployments if one.auto_pause]
    shared = _paused_for_active({pk for one in pausing for pk in covered[one.pk]})
    free = {pk for pk, (_, state) in held.items() if state.status != Status.PAUSED or pk in shared}
    return {one.pk: set(covered[one.pk]) & free if one.auto_pause else set() for one in deployments}


def _paused_for_active(monitor_ids: Iterable[int]) -> set[int]:
    """Those that a deployment which is under way keeps paused."""
    rows = CoveredMonitor.objects.filter(is_auto_paused=True, deployment__state=DeploymentState.ACTIVE)
    return set(rows.filter(monitor__in=numbers(monitor_ids)).values_list("monitor_id", flat=True))


def _by_deployment(pairs: Iterable[tuple[int, int]]) -> defaultdict[int, set[int]]:
    found: defaultdict[int, set[int]] = defaultdict(set)
    for deployment_id, monitor_id in pairs:
        found[deployment_id].add(monitor_id)
    return found


def _flat(covered: Mapping[int, Iterable[int]]) -> set[int]:
    return {pk for ids in covered.values() for pk in ids}
