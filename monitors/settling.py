"""The status of monitors after results that may change it, from all their regions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from monitors import status
from monitors.counting import Counted, instant
from monitors.evidence import cause_of
from monitors.models import Evidence, Monitor, MonitorState, Region, RegionState, StatusChange
from monitors.status import RegionView, Streak
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
        views[state.monitor_id][state.region_id] = RegionView(streak, state.fresh_until)
    return views


def _apply(state: MonitorState, one: Counted, views: Views, now: datetime) -> list[StatusChange]:
    steps = _steps(state.status, one, views)
    if not steps:
        return []
    monitor = Monitor.objects.select_related("workspace").get(pk=state.pk)
    made = [
        change_status(
            monitor=monitor,
            state=state,
            to=step.to,
            at=step.at,
            now=now,
            reason=step.reason,
            evidence=_evidence(state, one) if step.to in (status.DOWN, status.DEGRADED) else None,
        )
        for step in steps
    ]
    return [change for change in made if change is not None]


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
        return f"Slower than {one.watched.latency_threshold_ms} ms"
    if to == status.OK:
        return "The check succeeds" if one.result.ok else "Too few regions say that it is down"
    return one.result.detail or "Enough regions say that it is down"


def _evidence(state: MonitorState, one: Counted) -> Mapping[str, Any]:
    region_id = one.before.region_id
    kept = {row.is_good: row.data for row in Evidence.objects.filter(monitor=state.pk, region=region_id)}
    region = Region.objects.get(pk=region_id).key
    failed = {} if one.result.ok else kept.get(False, {})
    return {"cause": cause_of(one.result, region), "first_failure": failed, "last_good": kept.get(True, {})}
