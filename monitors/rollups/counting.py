"""Counts raw results by monitor and region: by the database on PostgreSQL, here on SQLite.

A worker that counts millions itself holds up the engine in the same process, whose loop waits for each turn.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from monitors.models import Result
from monitors.rollups import sketches
from monitors.rollups.summaries import PHASES, Summary

Key = tuple[int, int]
_FETCHED_AT_ONCE = 5000
_PHASES_US = ", ".join(
    f"coalesce(sum(round({name}_ms::float8 * 1000)) FILTER (WHERE us IS NOT NULL), 0)::bigint" for name in PHASES
)
_SQL = f"""
SELECT monitor_id, region_id, count(*), count(*) FILTER (WHERE NOT ok), count(us),
       coalesce(sum(us), 0)::bigint, coalesce(min(us), 0)::bigint, coalesce(max(us), 0)::bigint, {_PHASES_US},
       array_agg({sketches.BUCKET_SQL.format("latency_ms::float8")}) FILTER (WHERE us IS NOT NULL)
FROM (SELECT *, CASE WHEN ok THEN round(latency_ms::float8 * 1000) END AS us FROM monitors_result
      WHERE scheduled_at >= %s AND scheduled_at < %s AND (%s::bigint[] IS NULL OR monitor_id = ANY(%s::bigint[]))) AS r
GROUP BY monitor_id, region_id
"""  # noqa: S608


def summarise(since: datetime, until: datetime, monitors: Collection[int] | None = None) -> Mapping[Key, Summary]:
    """Raw results of [since, until) by monitor and region; of these monitors, or of all that there are."""
    chosen = None if monitors is None else list(monitors)
    count = _by_the_database if connection.vendor == "postgresql" else _here
    return count(since, until, chosen)


def _by_the_database(since: datetime, until: datetime, monitors: list[int] | None) -> Mapping[Key, Summary]:
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [since, until, monitors, monitors])
        return {row[:2]: _summary(row) for row in cursor}


def _summary(row: tuple[Any, ...]) -> Summary:
    _, _, checks, failures, count, total, least, most, *phases, buckets = row
    return Summary(checks, failures, count, total, least, most, phases, dict(Counter(buckets or ())))


def _here(since: datetime, until: datetime, monitors: list[int] | None) -> Mapping[Key, Summary]:
    rows = Result.objects.filter(scheduled_at__gte=since, scheduled_at__lt=until)
    if monitors is not None:
        rows = rows.filter(monitor__in=monitors)
    columns = rows.values_list("monitor_id", "region_id", "ok", "latency_ms", *(f"{name}_ms" for name in PHASES))
    found: dict[Key, Summary] = defaultdict(Summary)
    for monitor_id, region_id, ok, latency_ms, *phases_ms in columns.iterator(chunk_size=_FETCHED_AT_ONCE):
        found[monitor_id, region_id].add(ok, latency_ms, phases_ms)
    return found
