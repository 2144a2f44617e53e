"""Many rows at once: they read back as if the ORM had written them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError, connection, transaction

from common.bulk import insert_rows, numbers, update_rows
from monitors.models import Monitor, Region, RegionState, Result
from monitors.services import create_monitor

pytestmark = pytest.mark.django_db
WHOLE_SECOND = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
FIELDS = ("monitor", "region", "scheduled_at", "lag_ms", "loop_lag_ms", "ok", "detail", "status_code", "address")
REST = {"failure_class": "", "certificate_fingerprint": ""}


@pytest.fixture
def monitor(workspace, by_alice, now):
    fields = {"name": "Shop", "type": "http", "settings": {"url": "http://shop.example/"}}
    return create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields)


def row(monitor, at, *, detail="tab\there, line\nbreak, \\N, ünïcode", code=200):
    return (monitor.pk, Region.objects.get().pk, at, 0.5, 1.5, True, detail, code, "", *REST.values())


def test_rows_read_back_as_they_were_written(monitor):
    half = WHOLE_SECOND + timedelta(microseconds=500_000)
    insert_rows(Result, (*FIELDS, *REST), [row(monitor, WHOLE_SECOND), row(monitor, half, code=None)])
    first, second = Result.objects.order_by("pk")
    assert (first.scheduled_at, first.detail, first.ok) == (WHOLE_SECOND, "tab\there, line\nbreak, \\N, ünïcode", True)
    assert (second.scheduled_at, second.status_code) == (half, None)


def test_instants_compare_as_those_that_the_orm_wrote(monitor):
    insert_rows(Result, (*FIELDS, *REST), [row(monitor, WHOLE_SECOND)])
    found = Result.objects.filter(monitor=monitor)
    assert found.filter(scheduled_at=WHOLE_SECOND).count() == 1
    assert found.filter(scheduled_at__lte=WHOLE_SECOND).count() == 1
    assert found.filter(scheduled_at__gt=WHOLE_SECOND).count() == 0
    update_rows(RegionState, "id", ["claimable_at"], [(RegionState.objects.get().pk, WHOLE_SECOND)])
    assert RegionState.objects.filter(claimable_at__lte=WHOLE_SECOND).exists()
    assert not RegionState.objects.filter(claimable_at__lt=WHOLE_SECOND).exists()


def test_rows_are_updated_by_their_key_and_others_are_left(monitor):
    Result.objects.bulk_create(
        Result(
            monitor=monitor,
            region=Region.objects.get(),
            scheduled_at=WHOLE_SECOND + timedelta(seconds=place),
            lag_ms=0,
            loop_lag_ms=0,
            ok=True,
        )
        for place in range(3)
    )
    one, two, three = Result.objects.order_by("pk").values_list("pk", flat=True)
    update_rows(Result, "id", ["ok", "detail", "status_code"], [(one, False, "a", None), (three, True, "c", 204)])
    after = dict(Result.objects.values_list("pk", "detail"))
    assert after == {one: "a", two: "", three: "c"}


@pytest.mark.parametrize(
    "text", ["", "NULL", 'say "no"', "back\\slash", "{braces}, commas", " line\nbreak\t", "ünïcode ☃", "it's", "%s %%"]
)
def test_any_text_is_updated_as_it_is(monitor, text):
    insert_rows(Result, (*FIELDS, *REST), [row(monitor, WHOLE_SECOND)])
    pk = Result.objects.get().pk
    update_rows(Result, "id", ["detail", "address", "latency_ms", "ok"], [(pk, text, "", 0.125, False)])
    found = Result.objects.get()
    assert (found.detail, found.address, found.latency_ms, found.ok) == (text, "", 0.125, False)


def test_what_is_not_known_is_updated_to_null(monitor):
    state = RegionState.objects.get()
    values = (state.pk, None, None, None, WHOLE_SECOND)
    update_rows(RegionState, "id", ["is_down", "claimable_at", "last_latency_ms", "fresh_until"], [values])
    state.refresh_from_db()
    assert (state.is_down, state.claimable_at, state.last_latency_ms) == (None, None, None)
    assert state.fresh_until == WHOLE_SECOND


def test_many_numbers_are_one_parameter_of_a_query(monitor, django_assert_num_queries):
    with django_assert_num_queries(1) as asked:
        assert list(Monitor.objects.filter(pk__in=numbers([monitor.pk, *range(10**9, 10**9 + 2000)]))) == [monitor]
    assert len(asked.captured_queries) == 1
    assert not Monitor.objects.filter(pk__in=numbers([])).exists()


def test_instants_are_read_in_utc_to_the_microsecond(monitor):
    for at in (WHOLE_SECOND, WHOLE_SECOND + timedelta(microseconds=500_010), datetime(1969, 7, 20, tzinfo=UTC)):
        Monitor.objects.update(created_at=at)
        found = Monitor.objects.get().created_at
        assert (found, found.tzinfo) == (at, UTC)


def test_encrypted_values_stay_encrypted(monitor):
    update_rows(Monitor, "id", ["settings", "tags"], [(monitor.pk, {"url": "http://secret.example/"}, ["a"])])
    monitor.refresh_from_db()
    assert (monitor.settings, monitor.tags) == ({"url": "http://secret.example/"}, ["a"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT settings FROM monitors_monitor")
        assert "secret" not in cursor.fetchone()[0]


def test_nothing_is_asked_for_no_rows(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert_rows(Result, FIELDS, [])
        update_rows(RegionState, "id", ["is_down"], [])


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite takes any value")
def test_a_value_that_does_not_fit_is_a_data_error(monitor):
    for bad in ({"detail": "x" * 301}, {"code": 99_999}):
        with pytest.raises(DataError), transaction.atomic():
            insert_rows(Result, (*FIELDS, *REST), [row(monitor, WHOLE_SECOND, **bad)])
    assert not Result.objects.exists()
