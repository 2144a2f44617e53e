"""Reads of what was: status history as stretches, availability, results. Each surface calls these."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, QuerySet, Subquery

from monitors import status
from monitors.allowance import shown_from
from monitors.figures import availability
from monitors.figures.availability import Bucket, Change, Span
from monitors.models import Evidence, Monitor, Result, StatusChange
from monitors.planned.selectors import maintenance_of
from monitors.rollups.reading import summaries_of

RAW_WINDOW = timedelta(hours=2)
UPTIME_DAYS = 90


@dataclass(frozen=True, slots=True)
class Availability:
    """The period as a whole and its buckets; times in seconds."""

    total: Bucket
    buckets: list[Bucket]
    downtimes: list[Span]

    @property
    def mttr_seconds(self) -> float | None:
        """Mean time to recovery of the downtimes, None without any."""
        return self.total.down_seconds / len(self.downtimes) if self.downtimes else None

    @property
    def mtbf_seconds(self) -> float | None:
        """Mean up time between failures, None without any."""
        return self.total.up_seconds / len(self.downtimes) if self.downtimes else None


def spans_of(
    monitors: Iterable[int], *, since: datetime, until: datetime, now: datetime | None = None
) -> dict[int, list[Span]]:
    """Each monitor's stretches in the period, maintenance cut out, in a constant number of queries for all of them.

    `now` is `until` when not given. What the plan does not show any more is as if nobody had looked.
    """
    found = _observed_spans(monitors, since=since, until=until, now=now or until)
    maintenance = maintenance_of(found, since=since, until=until)
    return {pk: availability.without(spans, maintenance.get(pk, [])) for pk, spans in found.items()}


def _observed_spans(
    monitors: Iterable[int], *, since: datetime, until: datetime, now: datetime
) -> dict[int, list[Span]]:
    ids = list(monitors)
    shown = shown_from(ids, now=now)
    first = _status_at(ids, since)
    changes: dict[int, list[Change]] = {pk: [] for pk in ids}
    rows = StatusChange.objects.filter(monitor__in=ids, at__gt=since, at__lt=until).order_by("monitor", "at", "pk")
    for monitor_id, at, after in rows.values_list("monitor_id", "at", "after"):
        changes[monitor_id].append(Change(at, after))
    found = {
        pk: availability.spans(changes[pk], first=first.get(pk, status.NEW), since=since, until=until) for pk in ids
    }
    return {pk: availability.seen_from(shown[pk], spans) if pk in shown else spans for pk, spans in found.items()}


def availability_of(
    monitor: Monitor, *, since: datetime, until: datetime, interval: str = "day", now: datetime | None = None
) -> Availability:
    """The one function behind every availability figure; `now` is `until` when not given."""
    observed = _observed_spans([monitor.pk], since=since, until=until, now=now or until)[monitor.pk]
    maintenance = maintenance_of([monitor.pk], since=since, until=until).get(monitor.pk, [])
    found = availability.without(observed, maintenance)
    edges = availability.edges(since, until, interval)
    total, buckets = availability.measure(found, since, until), availability.bucketed(found, edges)
    checks = summaries_of(monitor, edges, interval=interval, now=now or until, counts_only=True)
    for bucket, by_region in zip(buckets, checks, strict=True):
        bucket.checks = sum(one.checks for one in by_region.values())
        bucket.failures = sum(one.failures for one in by_region.values())
    total.checks, total.failures = sum(one.checks for one in buckets), sum(one.failures for one in buckets)
    return Availability(total=total, buckets=buckets, downtimes=_downtimes(observed, found))


def uptime_days(monitors: Iterable[int], *, now: datetime, days: int = UPTIME_DAYS) -> dict[int, list[Bucket]]:
    """The last `days` days of each monitor, oldest first; today's ends now."""
    edges = availability.day_edges(now.date(), days)
    edges[-1] = now
    found = spans_of(monitors, since=edges[0], until=now)
    return {pk: availability.bucketed(spans, edges) for pk, spans in found.items()}


def results_of(monitor: Monitor, *, now: datetime) -> QuerySet[Result]:
    """Raw results as far back as they are kept and the plan shows them."""
    found = Result.objects.filter(monitor=monitor).select_related("region")
    shown = shown_from([monitor.pk], now=now)
    return found.filter(scheduled_at__gte=shown[monitor.pk]) if shown else found


def recent_results(monitor: Monitor, *, now: datetime, window: timedelta = RAW_WINDOW) -> QuerySet[Result]:
    """Raw results of the window, newest first."""
    return (
        Result.objects.filter(monitor=monitor, scheduled_at__gt=now - window)
        .select_related("region")
        .order_by("-scheduled_at", "-pk")
    )


def evidence_of(monitor: Monitor) -> Mapping[bool, Evidence]:
    """The last good (True) and the first failed (False) check that evidence is kept of, newest region first."""
    return {row.is_good: row for row in Evidence.objects.filter(monitor=monitor).order_by("observed_at")}


def _status_at(ids: Sequence[int], at: datetime) -> dict[int, str]:
    """The status each monitor was in at an instant: one look into the index for each."""
    last = StatusChange.objects.filter(monitor=OuterRef("pk"), at__lte=at).order_by("-at", "-pk").values("after")[:1]
    found = Monitor.objects.filter(pk__in=ids).annotate(was=Subquery(last)).values_list("pk", "was")
    return {pk: was for pk, was in found if was}


def _downtimes(observed: Sequence[Span], cut: Sequence[Span]) -> list[Span]:
    """Stretches of DOWN; maintenance splits none, and one that lies in it altogether is none."""
    counted = [span for span in cut if span.status == status.DOWN]
    downs = _merged([span for span in observed if span.status == status.DOWN])
    return [one for one in downs if any(part.start < one.end and part.end > one.start for part in counted)]


def _merged(downs: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in downs:
        if merged and merged[-1].end == span.start:
            merged[-1] = Span(merged[-1].start, span.end, status.DOWN)
        else:
            merged.append(span)
    return merged
