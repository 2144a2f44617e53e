"""The status of monitors after results that may change it, from all their regions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from monitors import events, status
from monitors.events import Judged
from monitors.models import Evidence, Finding, Monitor, MonitorState, Region, RegionState, StatusChange
from monitors.results.counting import Counted, instant
from monitors.results.evidence import cause_of
from monitors.results.findings import worst
from monitors.results.storable import text
from monitors.status import RegionView, Streak
from monitors.transitions import Turn, change_status, change_statuses

LOOKED_AT = (status.OK, status.DEGRADED, status.DOWN)
FAILING = (status.DOWN, status.DEGRADED)
NOBODY_LOOKS = "Nobody was looking"
Views = dict[int, RegionView]


class _Step(NamedTuple):
    to: str
    at: datetime
    reason: str
    one: Counted


class _Path(NamedTuple):
    """What some results in a row do to a monitor: its steps, the last result that changes anything, new findings."""

    steps: list[_Step]
    last: Counted | None
    found: dict[int, Counted]


def settle(counted: Sequence[Counted], now: datetime) -> list[StatusChange]:
    """Applies results in their order to the status of their monitors; the caller holds their region states."""
    if not counted:
        return []
    by_monitor: dict[int, list[Counted]] = defaultdict(list)
    for one in counted:
        by_monitor[one.before.monitor_id].append(one)
    states = list(MonitorState.objects.filter(pk__in=by_monitor).order_by("pk").select_for_update(of=("self",)))
    views = views_of(by_monitor)
    paths = {state.pk: _path(state.status, by_monitor[state.pk], views[state.pk]) for state in states}
    moving = [state for state in states if paths[state.pk].last is not None]
    return _move(moving, paths, views, now) if moving else []


def _move(
    states: Sequence[MonitorState], paths: Mapping[int, _Path], views: Mapping[int, Views], now: datetime
) -> list[StatusChange]:
    monitors = Monitor.objects.select_related("workspace").defer("settings").in_bulk([state.pk for state in states])
    _keep_findings([one for state in states for one in paths[state.pk].found.values()])
    seen = _Seen(one for state in states for one in _shown(paths[state.pk]))
    turns = [
        Turn(monitors[state.pk], state, step.to, step.at, step.reason, seen.of(step.one) if _fails(step) else None)
        for state in states
        for step in paths[state.pk].steps
    ]
    made = change_statuses(turns, now=now)
    answering = [state for state in states if state.status in (status.OK, status.DEGRADED)]
    lasts = {state.pk: last for state in answering if (last := paths[state.pk].last)}
    _say_warnings(
        [
            Judged(monitors[pk], {}, seen.of(last) if last.findings or last.is_slow else {}, last.checked_at)
            for pk, last in lasts.items()
        ],
        views,
        now,
    )
    return made


def _shown(path: _Path) -> list[Counted]:
    """The results whose evidence an incident may keep."""
    last = [path.last] if path.last is not None and (path.last.findings or path.last.is_slow) else []
    return [step.one for step in path.steps if _fails(step)] + last


def _fails(step: _Step) -> bool:
    return step.to in FAILING


def views_of(monitor_ids: Iterable[int]) -> Mapping[int, Views]:
    """The enabled regions of each monitor as the quorum sees them, by the region's id."""
    views: dict[int, Views] = {pk: {} for pk in monitor_ids}
    for state in RegionState.objects.filter(monitor__in=views, region__is_enabled=True):
        streak = Streak(state.is_down, state.consecutive_failures, state.consecutive_successes, state.consecutive_slow)
        view = RegionView(streak, state.fresh_until, state.findings_mark is not None)
        views[state.monitor_id][state.region_id] = view
    return views


def _path(current: str, results: Sequence[Counted], views: Views) -> _Path:
    path = _Path([], None, {})
    for one in results:
        was_slow = _is_slow(one, {**views, one.before.region_id: one.before.view})
        made = _steps(current, one, views)
        current = made[-1].to if made else current
        is_found = one.findings_mark != one.before.findings_mark
        path.steps.extend(made)
        if is_found:
            path.found[one.before.region_id] = one
        if made or is_found or was_slow != _is_slow(one, views):
            path = path._replace(last=one)
    return path


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
    if state.status in (status.OK, status.DEGRADED):
        _say_warnings([Judged(monitor, {}, {}, now)], {monitor.pk: views}, now)


def _is_slow(one: Counted, views: Views) -> bool:
    watched = one.watched
    return status.is_slow(
        list(views.values()), quorum=watched.quorum, fail_after=watched.fail_after, now=one.checked_at
    )


def _keep_findings(found: Iterable[Counted]) -> None:
    """The warnings of regions in place of those before."""
    by_region: dict[int, list[Counted]] = defaultdict(list)
    for one in found:
        by_region[one.before.region_id].append(one)
    for region_id, several in by_region.items():
        Finding.objects.filter(region=region_id, monitor__in=[one.before.monitor_id for one in several]).delete()
        Finding.objects.bulk_create(row for one in several for row in _finding_rows(one))


def _finding_rows(one: Counted) -> Iterator[Finding]:
    for found in one.findings or ():
        yield Finding(
            monitor_id=one.before.monitor_id,
            region_id=one.before.region_id,
            kind=found.kind,
            key=found.key[:80],
            severity=found.severity,
            detail=text(found.detail, 500),
            passed=found.passed,
        )


def _say_warnings(answering: Sequence[Judged], views: Mapping[int, Views], now: datetime) -> None:
    """Tells higher apps what enough regions of each monitor that answers warn about."""
    if not answering:
        return
    found: dict[int, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    rows = Finding.objects.filter(monitor__in=[one.monitor.pk for one in answering]).order_by("region")
    for row in rows.values("monitor_id", "region_id", "kind", "key", "severity", "detail", "passed"):
        if row["region_id"] in views[row["monitor_id"]]:
            found[row["monitor_id"]][row["kind"]].append({**row})
    judged = [one._replace(warnings=_warnings(one, views[one.monitor.pk], found[one.monitor.pk])) for one in answering]
    events.warnings_judged.send(sender=Monitor, judged=judged, now=now)


def _warnings(one: Judged, views: Views, found: Mapping[str, list[dict[str, Any]]]) -> dict[str, Mapping[str, Any]]:
    monitor, seen = one.monitor, list(views.values())
    needed = status.quorum_of(len(seen), monitor.quorum)
    warnings = {kind: worst(several) for kind, several in found.items() if len(several) >= needed}
    if status.is_slow(seen, quorum=monitor.quorum, fail_after=monitor.fail_after_consecutive, now=one.at):
        detail = f"Slower than {monitor.latency_threshold_ms} ms"
        warnings["LATENCY"] = {"kind": "LATENCY", "key": "latency", "severity": "WARNING", "detail": detail}
    return warnings


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
        if one.findings:
            return one.findings[0].detail
        return f"Slower than {one.watched.latency_threshold_ms} ms"
    if to == status.OK:
        return "The check succeeds" if one.result.ok else "Too few regions say that it is down"
    return one.result.detail or "Enough regions say that it is down"


class _Seen:
    """What the regions saw last, as incidents keep it: read in two queries for all."""

    def __init__(self, shown: Iterable[Counted]) -> None:
        monitor_ids = {one.before.monitor_id for one in shown}
        kept = Evidence.objects.filter(monitor__in=monitor_ids) if monitor_ids else ()
        self._kept = {(row.monitor_id, row.region_id, row.is_good): row.data for row in kept}
        self._keys = dict(Region.objects.values_list("pk", "key")) if monitor_ids else {}

    def of(self, one: Counted) -> Mapping[str, Any]:
        """`cause`, `first_failure`, `last_good`, and whether it is slowness that degrades."""
        result, before = one.result, one.before
        failed = {} if result.ok else self._kept.get((before.monitor_id, before.region_id, False), {})
        return {
            "is_slow": one.streak.slow >= one.watched.fail_after,
            "cause": cause_of(result, self._keys[before.region_id]),
            "first_failure": failed,
            "last_good": self._kept.get((before.monitor_id, before.region_id, True), {}),
        }
