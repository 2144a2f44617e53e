"""When and from where a probed monitor is next checked: its region states. The caller holds their locks."""

from collections.abc import Sequence
from datetime import UTC, datetime

from common.bulk import numbers, update_rows
from monitors.models import Finding, Monitor, Region, RegionState
from monitors.results.facts import forget_facts
from monitors.scheduling.slots import first_slot
from monitors.status import fresh_until, is_fresh

_NO_WORD = {"is_down": None, "consecutive_failures": 0, "consecutive_successes": 0, "consecutive_slow": 0}


def watch_from(monitor: Monitor, regions: Sequence[Region], *, now: datetime) -> None:
    """Makes the region states match `regions`; a region that stays keeps its counters and its times.

    A new one checks within a second. On a monitor that is watched already its silence counts for 2.5 intervals, so
    that the monitor does not become UNKNOWN just because a region was added.
    """
    states = RegionState.objects.filter(monitor=monitor)
    states.exclude(region__in=regions).delete()
    have = set(states.values_list("region_id", flat=True))
    for region in regions:
        if region.pk not in have:
            state = RegionState(monitor=monitor, region=region)
            if have and not monitor.is_paused:
                state.fresh_until = fresh_until(now, interval_seconds=monitor.interval_seconds)
            _schedule(state, monitor, now)
            state.save()


def first_watch(monitor: Monitor, regions: Sequence[Region], *, now: datetime) -> None:
    """The region states of a new monitor; each checks within a second."""
    states = [RegionState(monitor=monitor, region=region) for region in regions]
    for state in states:
        _schedule(state, monitor, now)
    RegionState.objects.bulk_create(states)


def start(monitors: Sequence[Monitor], *, now: datetime) -> None:
    """Every region checks within a second, then on its grid; what was under way no longer counts."""
    by_id = {monitor.pk: monitor for monitor in monitors}
    rows = []
    for state in RegionState.objects.filter(monitor__in=numbers(by_id)):
        _schedule(state, by_id[state.monitor_id], now)
        rows.append((state.pk, state.next_check_at, state.claimable_at, state.claimed_by, now))
    update_rows(RegionState, "id", ("next_check_at", "claimable_at", "claimed_by", "last_scheduled_at"), rows)


def restart(monitor: Monitor, *, now: datetime) -> None:
    """As `start`, for something else is watched from here on: no region has a word, what it last saw is forgotten.

    A region that was fresh stays so, and the monitor keeps its status, until the new checks say more.
    """
    forget_facts(monitor)
    Finding.objects.filter(monitor=monitor).delete()
    for state in RegionState.objects.filter(monitor=monitor):
        if is_fresh(state.fresh_until, now=now):
            state.fresh_until = fresh_until(now, interval_seconds=monitor.interval_seconds)
        for name, value in _NO_WORD.items():
            setattr(state, name, value)
        state.good_evidence_at = state.facts_mark = state.findings_mark = None
        state.last_scheduled_at = now
        _schedule(state, monitor, now)
        state.save()


def stop(monitors: Sequence[Monitor]) -> None:
    """No engine takes them any more; their regions have no word until they look again."""
    ids = numbers([monitor.pk for monitor in monitors])
    RegionState.objects.filter(monitor__in=ids).update(
        claimable_at=None, claimed_by=None, fresh_until=None, findings_mark=None, **_NO_WORD
    )
    Finding.objects.filter(monitor__in=ids).delete()


def _schedule(state: RegionState, monitor: Monitor, now: datetime) -> None:
    state.next_check_at = datetime.fromtimestamp(first_slot(monitor.pk, state.region_id, now.timestamp()), UTC)
    state.claimable_at = None if monitor.is_paused else state.next_check_at
    state.claimed_by = None
