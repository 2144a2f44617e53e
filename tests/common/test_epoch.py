"""Epoch seconds in place of datetimes: the same instants, to the microsecond, in both databases."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Workspace
from common.bulk import insert_rows, update_rows
from common.epoch import EpochSeconds, WholeSeconds, as_stored, micros
from monitors.models import RegionState, Result
from monitors.services import create_monitor

_CHANCE = random.Random(3)
TIMES = [0.0, 1_772_452_800.0, 1_772_452_800.5, -14_182_940.25, *(_CHANCE.uniform(1e9, 3e9) for _ in range(500))]
FIELDS = ("monitor", "region", "scheduled_at", "lag_ms", "loop_lag_ms", "ok", "failure_class", "detail", "address",
          "certificate_fingerprint")  # fmt: skip


def test_seconds_are_rounded_as_datetimes_are():
    for at in TIMES:
        instant = datetime.fromtimestamp(at, UTC)
        assert micros(at) == micros(instant)
        assert as_stored(at) == instant.timestamp()


@pytest.fixture
def state(workspace, by_alice, now):
    fields = {"name": "Shop", "type": "http", "settings": {"url": "http://shop.example/"}}
    return create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields).region_states.get()


@pytest.mark.django_db
def test_seconds_are_stored_and_read_as_the_instants_they_are(state):
    times = sorted(TIMES)
    rows = [(state.monitor_id, state.region_id, at, 0.0, 0.0, True, "", "", "", "") for at in times]
    insert_rows(Result, FIELDS, rows)
    found = Result.objects.order_by("scheduled_at").values_list("scheduled_at", EpochSeconds("scheduled_at"))
    assert list(found) == [(datetime.fromtimestamp(at, UTC), as_stored(at)) for at in times]


@pytest.mark.django_db
def test_seconds_are_updated_and_other_columns_follow_by_sql(state):
    at = 1_772_452_800.123_456
    update_rows(RegionState, "id", ["next_check_at"], [(state.pk, at)], also='"last_checked_at" = "claimable_at"')
    before = state.claimable_at
    state.refresh_from_db()
    assert (state.next_check_at, state.last_checked_at) == (datetime.fromtimestamp(at, UTC), before)
    assert RegionState.objects.filter(next_check_at=datetime.fromtimestamp(at, UTC)).exists()
    assert RegionState.objects.values_list(EpochSeconds("fresh_until"), flat=True).get() is None


@pytest.mark.django_db
@pytest.mark.parametrize("milliseconds", [0, 1, 499, 500, 999])
def test_a_second_lasts_until_its_end(workspace, milliseconds):
    second = datetime(2026, 3, 2, 12, 0, 59, tzinfo=UTC)
    Workspace.objects.update(created_at=second + timedelta(milliseconds=milliseconds))
    assert Workspace.objects.values_list(WholeSeconds("created_at"), flat=True).get() == second.timestamp()
