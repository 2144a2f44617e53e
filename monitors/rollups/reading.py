"""Reads what a monitor's checks came to, from days, hours and the raw tail; the one way to any count or latency."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q

from monitors.allowance import shown_from
from monitors.models import Monitor, Region, Result
from monitors.rollups import rolling as rollups
from monitors.rollups import summaries
from monitors.rollups.models import DailyRollup, HourlyRollup, RollupMark
from monitors.rollups.pieces import HOUR, Kept, Part, split
from monitors.rollups.summaries import Summary

# What the checks of one bucket came to, by the id of the region.
ByRegion = dict[int, Summary]
Found = tuple[datetime, int, Summary]


def summaries_of(
    monitor: Monitor,
    edges: Sequence[datetime],
    *,
    interval: str,
    now: datetime,
    region: Region | None = None,
    counts_only: bool = False,
) -> list[ByRegion]:
    """One for each stretch between two neighbouring `edges`; four queries and at most two hours of raw results.

    `counts_only` leaves out the latencies. What the plan does not show any more is left out.
    """
    found: list[ByRegion] = [defaultdict(Summary) for _ in range(len(edges) - 1)]
    since = max(edges[0], shown_from([monitor.pk], now=now).get(monitor.pk, edges[0]))
    if since >= edges[-1]:
        return found
    pieces = split(since, edges[-1], _kept(now), by_days=interval != "hour")
    only = Q(monitor=monitor) if region is None else Q(monitor=monitor, region=region)
    for rows in (
        _days(only, pieces.days, counts_only),
        _hours(only, pieces.hours, counts_only),
        _raw(only, pieces.raw),
    ):
        for at, region_id, summary in rows:
            # What was widened to whole hours or days begins before the first edge.
            bucket = min(max(bisect_right(edges, at) - 1, 0), len(found) - 1)
            found[bucket][region_id].merge(summary)
    return found


def _kept(now: datetime) -> Kept:
    mark = RollupMark.objects.first()
    beginning = datetime.min.replace(tzinfo=UTC)
    return Kept(
        hours_until=mark.hours_until if mark else beginning,
        days_until=mark.days_until if mark else beginning,
        raw_since=rollups.raw_since(now=now),
        hours_since=_midnight(rollups.hours_since(now=now)),
    )


def _days(only: Q, parts: Sequence[Part], counts_only: bool) -> Iterator[Found]:
    for since, until in parts:
        rows = DailyRollup.objects.filter(only, day__gte=since.date(), day__lt=until.date())
        for day, region_id, packed in rows.values_list("day", "region_id", "summary"):
            yield _midnight(day), region_id, summaries.unpack(bytes(packed), counts_only=counts_only)


def _hours(only: Q, parts: Sequence[Part], counts_only: bool) -> Iterator[Found]:
    if not parts:
        return
    wanted = Q()
    for since, until in parts:
        wanted |= Q(day__gte=since.date(), day__lte=(until - timedelta(microseconds=1)).date())
    rows = HourlyRollup.objects.filter(only).filter(wanted)
    for day, region_id, packed in rows.values_list("day", "region_id", "hours"):
        for number, summary in summaries.unpack_hours(bytes(packed), counts_only=counts_only).items():
            at = _midnight(day) + number * HOUR
            if any(since <= at < until for since, until in parts):
                yield at, region_id, summary


def _raw(only: Q, parts: Sequence[Part]) -> Iterator[Found]:
    if not parts:
        return
    wanted = Q()
    for since, until in parts:
        wanted |= Q(scheduled_at__gte=since, scheduled_at__lt=until)
    columns = ("scheduled_at", "region_id", "ok", "latency_ms", *(f"{name}_ms" for name in summaries.PHASES))
    for at, region_id, ok, latency_ms, *phases_ms in Result.objects.filter(only).filter(wanted).values_list(*columns):
        one = Summary()
        one.add(ok, latency_ms, phases_ms)
        yield at, region_id, one


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
