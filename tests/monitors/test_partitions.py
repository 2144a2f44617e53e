"""Day partitions of raw results: made ahead, filled from the default one, dropped by the day."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from monitors import upkeep
from monitors.models import Region, Result
from monitors.scheduling.store import _UNSTORABLE

pytestmark = pytest.mark.django_db
only_postgres = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="only PostgreSQL has partitions")


def stored(monitor, at):
    region = Region.objects.get(key="default")
    return Result.objects.create(monitor=monitor, region=region, scheduled_at=at, lag_ms=0, loop_lag_ms=0, ok=True)


def table_of(result):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM monitors_result WHERE id = %s", [result.pk])
        return cursor.fetchone()[0]


def test_a_result_counts_once_in_the_database_too(make, now):
    monitor = make()
    stored(monitor, now)
    with pytest.raises(IntegrityError), transaction.atomic():
        stored(monitor, now)
    assert IntegrityError in _UNSTORABLE


def test_a_deleted_monitor_takes_its_results_along(make, now):
    monitor = make()
    stored(monitor, now)
    monitor.delete()
    assert not Result.objects.exists()


@only_postgres
def test_days_are_made_ahead_and_strays_move_into_theirs(make, now):
    monitor = make()
    stray, other = stored(monitor, now), stored(monitor, now - timedelta(days=3))
    assert table_of(stray) == table_of(other) == "monitors_result_default"
    upkeep.RESULTS_BY_DAY.tend(now=now)
    upkeep.RESULTS_BY_DAY.tend(now=now)
    assert table_of(stray) == "monitors_result_20260302"
    assert table_of(other) == "monitors_result_default"
    assert table_of(stored(monitor, now + timedelta(days=7))) == "monitors_result_20260309"


@only_postgres
def test_old_days_are_dropped_whole_and_old_strays_deleted(make, now, settings):
    settings.RESULT_RETENTION_DAYS = 30
    monitor = make()
    upkeep.RESULTS_BY_DAY.tend(now=now)
    kept, gone, stray = (stored(monitor, now + timedelta(days=days)) for days in (7, 0, -60))
    assert upkeep.drop_old_results(now=now + timedelta(days=31, hours=6)) == 1
    assert list(Result.objects.all()) == [kept]
    there = upkeep.RESULTS_BY_DAY.days_there()
    assert (date(2026, 3, 2) in there, date(2026, 3, 3) in there) == (False, True)
    assert date(2026, 4, 9) in there
    assert {gone.pk, stray.pk}.isdisjoint(Result.objects.values_list("pk", flat=True))


@only_postgres
def test_a_stretch_of_one_monitor_is_read_by_the_index_of_its_days_only(make, now):
    monitor = make()
    upkeep.RESULTS_BY_DAY.tend(now=now)
    rows = Result.objects.filter(monitor=monitor, scheduled_at__gte=now, scheduled_at__lt=now + timedelta(hours=2))
    plan = rows.explain()
    assert "monitors_result_20260302" in plan
    assert "monitors_result_20260303" not in plan
