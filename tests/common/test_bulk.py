"""Many rows at once: they read back as if the ORM had written them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from alerts.models import Channel, Delivery
from common.among import Among
from common.bulk import create_rows, insert_rows, numbers, update_rows
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


def test_a_column_is_among_many_numbers_with_one_parameter(monitor):
    found = Monitor.objects.filter(Among("workspace_id", [monitor.workspace_id, *range(10**9, 10**9 + 2000)]))
    assert list(found) == [monitor]
    assert len(found.query.sql_with_params()[1]) == 1
    assert not Monitor.objects.filter(Among("pk", [])).exists()


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
        assert create_rows([]) == []


NASTY = {"quote": "a\"b'c", "slash": "\\n \\u0041 {}", "line": "a\nb\t", "ünï": ["☃", None, 1.5, True], "empty": {}}


def delivery(workspace, channel, number, **fields):
    given = {"payload": NASTY, "created_at": WHOLE_SECOND, "event": "test", "reached": ["a,b", '"']} | fields
    return Delivery(workspace=workspace, channel=channel, occurrence=str(number), **given)


@pytest.fixture
def channel(workspace):
    return Channel.objects.create(workspace=workspace, name="Hook", type="webhook", config={})


def test_created_rows_read_back_as_the_orms_own_and_know_their_ids(workspace, channel):
    half = WHOLE_SECOND + timedelta(microseconds=500_001)
    made = create_rows(delivery(workspace, channel, number, next_attempt_at=half) for number in range(3))
    (orms,) = Delivery.objects.bulk_create([delivery(workspace, channel, "orm", next_attempt_at=half)])
    kept = {one.pk: one for one in Delivery.objects.all()}
    assert [kept[one.pk].occurrence for one in made] == ["0", "1", "2"]
    for one in made:
        assert kept[one.pk].message_id == one.message_id
        assert not one._state.adding
        for name in ("payload", "reached", "created_at", "next_attempt_at", "finished_at", "rule_id", "state"):
            assert getattr(kept[one.pk], name) == getattr(kept[orms.pk], name), name
    made[0].event = "incident_open"
    made[0].save()
    assert Delivery.objects.count() == 4


def test_times_that_django_sets_and_secrets_are_created_as_django_does(workspace):
    (one,) = create_rows([Channel(workspace=workspace, name="Hook", type="webhook", config={"url": "secret"})])
    kept = Channel.objects.get(pk=one.pk)
    assert kept.config == {"url": "secret"}
    assert kept.created_at == one.created_at
    with connection.cursor() as cursor:
        cursor.execute("SELECT config FROM alerts_channel")
        assert "secret" not in cursor.fetchone()[0]


def test_rows_that_are_there_stay_when_conflicts_are_ignored(workspace, channel):
    create_rows([delivery(workspace, channel, 1)])
    create_rows([delivery(workspace, channel, number, payload={}) for number in (1, 2)], ignore_conflicts=True)
    assert dict(Delivery.objects.values_list("occurrence", "payload")) == {"1": NASTY, "2": {}}


def test_a_row_that_collides_creates_none(workspace, channel):
    create_rows([delivery(workspace, channel, 1)])
    with pytest.raises(IntegrityError), transaction.atomic():
        create_rows([delivery(workspace, channel, number) for number in (2, 1)])
    assert Delivery.objects.count() == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL takes rows as JSON")
def test_a_text_that_cannot_be_stored_is_a_data_error(workspace, channel):
    for bad in ({"event": "x" * 25}, {"payload": {"a": "\x00"}}):
        with pytest.raises(DataError), transaction.atomic():
            create_rows([delivery(workspace, channel, 1, **bad)])
    assert not Delivery.objects.exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite takes any value")
def test_a_value_that_does_not_fit_is_a_data_error(monitor):
    for bad in ({"detail": "x" * 301}, {"code": 99_999}):
        with pytest.raises(DataError), transaction.atomic():
            insert_rows(Result, (*FIELDS, *REST), [row(monitor, WHOLE_SECOND, **bad)])
    assert not Result.objects.exists()
