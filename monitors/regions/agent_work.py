"""What the platform does for agents: hands out due checks, takes in results, ends runs that are over."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from common.metrics import flush_sometimes
from monitors.agent.wire import Malformed, check_json, result_from
from monitors.models import EngineRun, Monitor, Region
from monitors.probes.base import Check, Claim, Result
from monitors.scheduling.aliveness import begin_run, end_run, say_alive
from monitors.scheduling.claiming import claim_due
from monitors.scheduling.store import store_all
from monitors.watched import Watched, WatchedCache

HORIZON_SECONDS = 2.0
MOST_AT_ONCE = 2000
SEEN_EVERY = timedelta(seconds=5)
OLDEST, NEWEST = timedelta(days=7), timedelta(minutes=1)


def begin(region: Region, run_id: int | None, *, ends: int | None, now: datetime) -> int:
    """The run to go on with: the agent's own, or a new one where it has none or was given up; ends the one it names."""
    if ends is not None and _is_of(ends, region):
        end_run(ends, now=now)
    if region.last_seen_at is None or now - region.last_seen_at > SEEN_EVERY:
        Region.objects.filter(pk=region.pk).update(last_seen_at=now)
        region.last_seen_at = now
    if run_id is not None and _is_of(run_id, region) and say_alive(run_id, region.pk, now=now):
        return run_id
    fresh = begin_run(region.pk, is_remote=True)
    say_alive(fresh, region.pk, now=now)
    return fresh


def end(region: Region, run_id: int, *, now: datetime) -> None:
    """Frees what this run of an agent has claimed."""
    if _is_of(run_id, region):
        end_run(run_id, now=now)


def hand_out(region: Region, run_id: int, *, limit: int, now: datetime) -> list[dict[str, Any]]:
    """Checks that fall due in the next 2 s, leased to this run, with their settings; secrets included."""
    if limit <= 0:
        return []
    at = now.timestamp()
    claim: Claim = claim_due(
        region_id=region.pk,
        run_id=run_id,
        cache=WatchedCache(),
        now=at,
        until=at + HORIZON_SECONDS,
        limit=min(limit, MOST_AT_ONCE),
    )
    return [check_json(check) for check in claim.checks]


def take_in(region: Region, sent: Sequence[Any], *, now: datetime) -> int:
    """Records what an agent found; returns how many it sent that could be read. Raises Malformed.

    Sent again it changes nothing: a result counts once. Left out are results of monitors that are gone or were edited
    since they were claimed, and of times that cannot be.
    """
    try:
        ids = {int(one["monitor_id"]) for one in sent}
    except (KeyError, TypeError, ValueError) as wrong:
        raise Malformed(f"a result without monitor: {wrong}") from wrong
    watched = {one.pk: Watched.of(one) for one in Monitor.objects.filter(pk__in=ids)}
    results = [found for one in sent if (found := _result(region, one, watched)) and _is_possible(found, now)]
    store_all(results, region.key)
    flush_sometimes()
    return len(results)


def _result(region: Region, data: Any, watched: dict[int, Watched]) -> Result | None:
    known = watched.get(int(data["monitor_id"]))
    if known is None or known.version != data.get("version"):
        return None
    scheduled_at = data.get("scheduled_at")
    if isinstance(scheduled_at, bool) or not isinstance(scheduled_at, int | float):
        raise Malformed("a result without its time")
    check = Check(
        monitor_id=known.monitor_id,
        region_id=region.pk,
        type=known.type,
        settings=known.settings,
        scheduled_at=float(scheduled_at),
        timeout_ms=known.timeout_ms,
        context=known,
    )
    return result_from(data, check)


def _is_possible(result: Result, now: datetime) -> bool:
    earliest, latest = (now - OLDEST).timestamp(), (now + NEWEST).timestamp()
    times = (result.check.scheduled_at, result.started_at, result.finished_at)
    return all(earliest < at < latest for at in times)


def _is_of(run_id: int, region: Region) -> bool:
    return EngineRun.objects.filter(pk=run_id, region=region, is_remote=True).exists()
