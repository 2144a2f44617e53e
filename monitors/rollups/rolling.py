"""Rolls raw results up into hours and days: each hour once it is over, and again where results came late.

An hour of a monitor is computed from its raw results as a whole and replaces what was there, so doing it twice changes
nothing. Monitors go in slices, each in a transaction that moves the mark: memory and locks stay small however many
there are, and a process that is killed leaves the rest of the hour to the next one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import transaction

from common.pace import Pace
from monitors.models import Monitor, Result
from monitors.rollups import summaries
from monitors.rollups.counting import summarise
from monitors.rollups.models import DailyRollup, HourlyRollup, LateHour, RollupMark
from monitors.rollups.summaries import Summary

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A result of the hour may be on its way to the database this long without being late.
GRACE = timedelta(minutes=2)
MOST_HOURS_AT_ONCE = 100
# Few: while a slice is packed the engine in the same process waits at every turn of its loop.
MONITORS_AT_ONCE = 40
_LATE_AT_ONCE = 1000
_ROWS_AT_ONCE = 500


def roll_up(*, now: datetime, pace: Pace | None = None) -> int:
    """Rolls up what is over and what came late; returns how many hours of all monitors it finished.

    Where `pace` ends it, the next one goes on.
    """
    pace, hours = pace or Pace(), 0
    while hours < MOST_HOURS_AT_ONCE and pace.goes_on() and (finished := _next_hour(now)) is not None:
        hours += finished
    while pace.goes_on() and _next_day():
        pass
    while pace.goes_on() and _late(now):
        pass
    return hours


def backfill(*, since: datetime, until: datetime, now: datetime) -> int:
    """Rolls the hours of a period up again as far as their raw results are kept; returns how many."""
    first = max(floor(since, HOUR), raw_since(now=now))
    rolled = 0
    with transaction.atomic():
        until = min(until, _mark(now).hours_until)
    while first < until:
        last = 0
        while monitors := _slice(last):
            with transaction.atomic():
                mark = _mark(now)
                _roll_hour(first, monitors)
                _roll_day_again(first, mark, monitors)
            last = monitors[-1]
        first += HOUR
        rolled += 1
    return rolled


def note_late(results: Iterable[tuple[int, float]], *, now: datetime) -> None:
    """Marks the hours that were over when their results, as (monitor, epoch seconds), are being stored."""
    this_hour = floor(now, HOUR).timestamp()
    over = [(monitor_id, at) for monitor_id, at in results if at < this_hour]
    late = {(monitor_id, floor(datetime.fromtimestamp(at, UTC), HOUR)) for monitor_id, at in over}
    if late:
        LateHour.objects.bulk_create(LateHour(monitor_id=monitor_id, hour=hour) for monitor_id, hour in sorted(late))


def raw_since(*, now: datetime) -> datetime:
    """The first hour whose raw results are all kept."""
    return floor(now - timedelta(days=settings.RESULT_RETENTION_DAYS), HOUR) + HOUR


def drop_old_hours(*, now: datetime) -> int:
    """Deletes hourly rollups past their retention; days stay. Returns how many rows."""
    before = hours_since(now=now)
    old = HourlyRollup.objects.filter(day__lt=before)
    dropped = 0
    while ids := list(old.values_list("pk", flat=True)[:_ROWS_AT_ONCE]):
        dropped += HourlyRollup.objects.filter(pk__in=ids).delete()[0]
    return dropped


def hours_since(*, now: datetime) -> date:
    """The first day whose hours are kept."""
    return (now - timedelta(days=settings.HOURLY_RETENTION_DAYS)).astimezone(UTC).date()


def floor(at: datetime, step: timedelta) -> datetime:
    """The hour or day (UTC) that an instant lies in."""
    at = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return at.replace(hour=0) if step == DAY else at


def _mark(now: datetime) -> RollupMark:
    """The mark, locked until the transaction ends: whoever rolls up does so alone."""
    if (mark := RollupMark.objects.select_for_update().first()) is not None:
        return mark
    oldest = Result.objects.order_by("scheduled_at").values_list("scheduled_at", flat=True).first()
    start = floor(max(oldest or now, raw_since(now=now)), HOUR)
    RollupMark.objects.bulk_create(
        [RollupMark(pk=1, hours_until=start, days_until=floor(start, DAY))], ignore_conflicts=True
    )
    return RollupMark.objects.select_for_update().get()


@transaction.atomic
def _next_hour(now: datetime) -> bool | None:
    """The next monitors of the next hour: whether they were its last; None when no hour is over."""
    mark = _mark(now)
    if mark.hours_until + HOUR + GRACE > now:
        return None
    monitors = _slice(mark.hour_monitors_until)
    _roll_hour(mark.hours_until, monitors)
    if monitors:
        mark.hour_monitors_until = monitors[-1]
    else:
        mark.hours_until, mark.hour_monitors_until = mark.hours_until + HOUR, 0
    mark.save(update_fields=["hours_until", "hour_monitors_until"])
    return not monitors


@transaction.atomic
def _next_day() -> bool:
    """The next monitors of the next day; false when no day is over."""
    mark = RollupMark.objects.select_for_update().first()
    if mark is None or mark.days_until + DAY > mark.hours_until:
        return False
    monitors = _slice(mark.day_monitors_until)
    _roll_day(mark.days_until.astimezone(UTC).date(), monitors)
    if monitors:
        mark.day_monitors_until = monitors[-1]
    else:
        mark.days_until, mark.day_monitors_until = mark.days_until + DAY, 0
    mark.save(update_fields=["days_until", "day_monitors_until"])
    return True


@transaction.atomic
def _late(now: datetime) -> bool:
    """Some of the late hours; true while there may be more. Those that the mark has not reached need nothing."""
    mark, oldest = _mark(now), raw_since(now=now)
    rows = list(LateHour.objects.order_by("hour", "pk").values_list("pk", "monitor_id", "hour")[:_LATE_AT_ONCE])
    by_hour: dict[datetime, set[int]] = defaultdict(set)
    for _, monitor_id, hour in rows:
        if oldest <= hour and mark.has_hour(hour, monitor_id):
            by_hour[hour].add(monitor_id)
    for hour, monitors in by_hour.items():
        _roll_hour(hour, monitors)
        _roll_day_again(hour, mark, monitors)
    LateHour.objects.filter(pk__in=[pk for pk, _, _ in rows]).delete()
    return len(rows) == _LATE_AT_ONCE


def _slice(after: int) -> list[int]:
    """The ids of the monitors that come next."""
    ids = Monitor.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)
    return list(ids[:MONITORS_AT_ONCE])


def _roll_day_again(hour: datetime, mark: RollupMark, monitors: Iterable[int]) -> None:
    _roll_day(hour.astimezone(UTC).date(), [pk for pk in monitors if mark.has_day(hour, pk)])


def _roll_hour(hour: datetime, monitors: Collection[int]) -> None:
    found = summarise(hour, hour + HOUR, monitors)
    day, number = hour.astimezone(UTC).date(), hour.astimezone(UTC).hour
    there = HourlyRollup.objects.filter(day=day, monitor__in=monitors)
    packed = {(m, r): bytes(hours) for m, r, hours in there.values_list("monitor_id", "region_id", "hours")}
    rows = [
        HourlyRollup(monitor_id=key[0], region_id=key[1], day=day, hours=_with_hour(packed.get(key), number, summary))
        for key, summary in sorted(found.items())
    ]
    HourlyRollup.objects.bulk_create(
        rows,
        batch_size=_ROWS_AT_ONCE,
        update_conflicts=True,
        unique_fields=["monitor", "day", "region"],
        update_fields=["hours"],
    )


def _with_hour(packed: bytes | None, number: int, summary: Summary) -> bytes:
    hours = summaries.unpack_hours(packed) if packed else {}
    return summaries.pack_hours({**hours, number: summary})


def _roll_day(day: date, monitors: Collection[int]) -> None:
    hourly = HourlyRollup.objects.filter(day=day, monitor__in=monitors)
    rows = []
    for monitor_id, region_id, hours in hourly.values_list("monitor_id", "region_id", "hours").iterator():
        whole = summaries.merged(summaries.unpack_hours(bytes(hours)).values())
        rows.append(
            DailyRollup(
                monitor_id=monitor_id,
                region_id=region_id,
                day=day,
                checks=whole.checks,
                failures=whole.failures,
                summary=summaries.pack(whole),
            )
        )
    DailyRollup.objects.bulk_create(
        rows,
        batch_size=_ROWS_AT_ONCE,
        update_conflicts=True,
        unique_fields=["monitor", "day", "region"],
        update_fields=["checks", "failures", "summary"],
    )
