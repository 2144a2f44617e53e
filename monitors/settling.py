"""The status of monitors after results that may change it, from all their regions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from monitors import events, status
from monitors.counting import Counted, instant
from monitors.evidence import cause_of
from monitors.findings import worst
from monitors.models import Evidence, Finding, Monitor, MonitorState, Region, RegionState, StatusChange
from monitors.status import RegionView, Streak
from monitors.storable import text
from monitors.transitions import change_status

LOOKED_AT = (status.OK, status.DEGRADED, status.DOWN)
NOBODY_LOOKS = "Nobody was looking"
Views = dict[int, RegionView]


class _Step(NamedTuple):
    to: str
    at: datetime
    reason: str


def settle(counted: Sequence[Counted], now: datetime) -> list[StatusChange]:
    """Applies results in their order to the status of their monitors; the caller holds their region states."""
    if not counted:
        return []
    by_monitor: dict[int, list[Counted]] = defaultdict(list)
    for one in counted:
        by_monitor[one.before.monitor_id].append(one)
    states = list(MonitorState.objects.filter(pk__in=by_monitor).order_by("pk").select_for_update(of=("self",)))
    views = views_of(by_monitor)
    changes: list[StatusChange] = []
    for state in states:
        for one in by_monitor[state.pk]:
            changes += _apply(state, one, views[state.pk], now)
    return changes


def views_of(monitor_ids: Iterable[int]) -> Mapping[int, Views]:
    """The enabled regions of each monitor as the quorum sees them, by the region's id."""
    views: dict[int, Views] = {pk: {} for pk in monitor_ids}
    for state in RegionState.objects.filter(monitor__in=views, region__is_enabled=True):
        streak = Streak(state.is_down, state.consecutive_failures, state.consecutive_successes, state.consecutive_slow)
        view = RegionView(streak, state.fresh_until, state.findings_mark is not None)
        views[state.monitor_id][state.region_id] = view
    return views


def _apply(state: MonitorState, one: Counted, views: Views, now: datetime) -> list[StatusChange]:
    was_slow = _is_slow(one, {**views, one.before.region_id: one.before.view}, one.checked_at)
    steps = _steps(state.status, one, views)
    is_changed = one.findings_mark != one.before.findings_mark
    if not steps and not is_changed and was_slow == _is_slow(one, views, one.checked_at):
        return []
    monitor = Monitor.objects.select_related("workspace").get(pk=state.pk)
    if is_changed:
        _keep_findings(one)
    evidence = _evidence(state, one)
    made = [
        change_status(
            monitor=monitor,
            state=state,
            to=step.to,
            at=step.at,
            now=now,
            reason=step.reason,
            evidence=evidence if step.to in (status.DOWN, status.DEGRADED) else None,
        )
        for step in steps
    ]
    _say_warnings(monitor, state, views, evidence, at=one.checked_at, now=now)
    return [change for change in made if change is not None]


def judge_anew(monitor: Monitor, state: MonitorState, *, now: datetime, reason: str) -> None:
    """The status and the warnings without a new result; the caller holds the monitor and its states."""
    views = views_of([monitor.pk])[monitor.pk]
    to = status.after_check(
        state.status,
        list(views.values()),
        quorum=monitor.quorum,
        fail_after=monitor.fail_after_consecutive,
        now=now,
    )
    change_status(monitor=monitor, state=state, to=to, at=now, now=now, reason=reason)
    _say_warnings(monitor, state, views, {}, at=now, now=now)


def _is_slow(one: Counted, views: Views, now: datetime) -> bool:
    watched = one.watched
    return status.is_slow(list(views.values()), quorum=watched.quorum, fail_after=watched.fail_after, now=now)


def _keep_findings(one: Counted) -> None:
    """The region's warnings in place of those before."""
    monitor_id, region_id = one.before.monitor_id, one.before.region_id
    Finding.objects.filter(monitor=monitor_id, region=region_id).delete()
    Finding.objects.bulk_create(
        Finding(
            monitor_id=monitor_id,
            region_id=region_id,
            kind=found.kind,
            key=found.key[:80],
            severity=found.severity,
            detail=text(found.detail, 500),
        )
        for found in one.findings or ()
    )


def _say_warnings(
    monitor: Monitor, state: MonitorState, views: Views, evidence: Mapping[str, Any], *, at: datetime, now: datetime
) -> None:
    """Tells higher apps what enough regions warn about; nothing while that is not what matters."""
    if state.status not in (status.OK, status.DEGRADED):
        return
    needed = status.quorum_of(len(views), monitor.quorum)
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    rows = Finding.objects.filter(monitor=monitor, region__in=views)
    for row in rows.order_by("region").values("kind", "key", "severity", "detail"):
        by_kind[row["kind"]].append({**row})
    warnings = {kind: dict(worst(found)) for kind, found in by_kind.items() if len(found) >= needed}
    fail_after = monitor.fail_after_consecutive
    if status.is_slow(list(views.values()), quorum=monitor.quorum, fail_after=fail_after, now=at):
        detail = f"Slower than {monitor.latency_threshold_ms} ms"
        warnings["LATENCY"] = {"kind": "LATENCY", "key": "latency", "severity": "WARNING", "detail": detail}
    events.warnings_judged.send(
        sender=Monitor, monitor=monitor, warnings=warnings, evidence=dict(evidence), at=at, now=now
    )


def _steps(current: str, one: Counted, views: Views) -> list[_Step]:
    """The changes to make: perhaps to UNKNOWN for the time when nobody looked, then to what is seen now.

    Judged at the time of the check, for results may wait for a database that is away. Moves `views` on.
    """
    steps: list[_Step] = []
    region, quorum = one.before.region_id, one.watched.quorum
    if region not in views:
        return []
    views[region] = one.before.view
    blind = status.blind_since(list(views.values()), quorum=quorum, now=instant(one.result.started_at))
    if blind is not None and current in LOOKED_AT:
        steps.append(_Step(status.UNKNOWN, blind, NOBODY_LOOKS))
        current = status.UNKNOWN
    views[region] = one.view
    to = status.after_check(
        current, list(views.values()), quorum=quorum, fail_after=one.watched.fail_after, now=one.checked_at
    )
    if to != current:
        steps.append(_Step(to, one.checked_at, _reason(to, one)))
    return steps


def _reason(to: str, one: Counted) -> str:
    if to == status.UNKNOWN:
        return "Too few regions have looked"
    if to == status.DEGRADED:
        if one.findings:
            return one.findings[0].detail
        return f"Slower than {one.watched.latency_threshold_ms} ms"
    if to == status.OK:
        return "The check succeeds" if one.result.ok else "Too few regions say that it is down"
    return one.result.detail or "Enough regions say that it is down"


def _evidence(state: MonitorState, one: Counted) -> Mapping[str, Any]:
    region_id = one.before.region_id
    kept = {row.is_good: row.data for row in Evidence.objects.filter(monitor=state.pk, region=region_id)}
    region = Region.objects.get(pk=region_id).key
    failed = {} if one.result.ok else kept.get(False, {})
    is_slow = one.streak.slow >= one.watched.fail_after
    return {
        "is_slow": is_slow,
        "cause": cause_of(one.result, region),
        "first_failure": failed,
        "last_good": kept.get(True, {}),
    }
