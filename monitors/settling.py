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
from monitors.transitions import Turn, change_statuses

LOOKED_AT = (status.OK, status.DEGRADED, status.DOWN)
FAILING = (status.DOWN, status.DEGRADED)
NOBODY_LOOKS = "Nobody was looking"
Views = dict[int, RegionView]


class _Step(NamedTuple):
    to: str
    at: datetime
    reason: str
    one: Counted


def settle(counted: Sequence[Counted], now: datetime) -> list[StatusChange]:
    """Applies results in their order to the status of their monitors; the caller holds their region states."""
    if not counted:
        return []
    by_monitor: dict[int, list[Counted]] = defaultdict(list)
    for one in counted:
        by_monitor[one.before.monitor_id].append(one)
    states = list(MonitorState.objects.filter(pk__in=by_monitor).order_by("pk").select_for_update(of=("self",)))
    views = views_of(by_monitor)
    steps = {state.pk: _steps_of(state.status, by_monitor[state.pk], views[state.pk]) for state in states}
    moving = [state for state in states if steps[state.pk]]
    return change_statuses(_turns(moving, steps), now=now) if moving else []


def views_of(monitor_ids: Iterable[int]) -> Mapping[int, Views]:
    """The enabled regions of each monitor as the quorum sees them, by the region's id."""
    views: dict[int, Views] = {pk: {} for pk in monitor_ids}
    for state in RegionState.objects.filter(monitor__in=views, region__is_enabled=True):
        streak = Streak(state.is_down, state.consecutive_failures, state.consecutive_successes, state.consecutive_slow)
        views[state.monitor_id][state.region_id] = RegionView(streak, state.fresh_until)
    return views


def _turns(states: Sequence[MonitorState], steps: Mapping[int, Sequence[_Step]]) -> list[Turn]:
    """The steps with what those who hear of them need, read once for all."""
    monitors = Monitor.objects.select_related("workspace").defer("settings").in_bulk([state.pk for state in states])
    seen = _Seen(step for state in states for step in steps[state.pk])
    return [
        Turn(monitors[state.pk], state, step.to, step.at, step.reason, seen.evidence(step))
        for state in states
        for step in steps[state.pk]
    ]


def _steps_of(current: str, results: Sequence[Counted], views: Views) -> list[_Step]:
    steps: list[_Step] = []
    for one in results:
        steps += _steps(current, one, views)
        current = steps[-1].to if steps else current
    return steps


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
        steps.append(_Step(status.UNKNOWN, blind, NOBODY_LOOKS, one))
        current = status.UNKNOWN
    views[region] = one.view
    to = status.after_check(
        current, list(views.values()), quorum=quorum, fail_after=one.watched.fail_after, now=one.checked_at
    )
    if to != current:
        steps.append(_Step(to, one.checked_at, _reason(to, one), one))
    return steps


def _reason(to: str, one: Counted) -> str:
    if to == status.UNKNOWN:
        return "Too few regions have looked"
    if to == status.DEGRADED:
        return f"Slower than {one.watched.latency_threshold_ms} ms"
    if to == status.OK:
        return "The check succeeds" if one.result.ok else "Too few regions say that it is down"
    return one.result.detail or "Enough regions say that it is down"


class _Seen:
    """What the regions saw last of the monitors whose steps open an incident, in two queries for all."""

    def __init__(self, steps: Iterable[_Step]) -> None:
        failing = {step.one.before.monitor_id for step in steps if step.to in FAILING}
        kept = Evidence.objects.filter(monitor__in=failing) if failing else ()
        self._kept = {(row.monitor_id, row.region_id, row.is_good): row.data for row in kept}
        self._keys = dict(Region.objects.values_list("pk", "key")) if failing else {}

    def evidence(self, step: _Step) -> Mapping[str, Any] | None:
        """What an incident keeps of a step; None for one that opens none."""
        if step.to not in FAILING:
            return None
        result, before = step.one.result, step.one.before
        failed = {} if result.ok else self._kept.get((before.monitor_id, before.region_id, False), {})
        good = self._kept.get((before.monitor_id, before.region_id, True), {})
        return {"cause": cause_of(result, self._keys[before.region_id]), "first_failure": failed, "last_good": good}
