"""What the clock asks for: monitors that nobody looks at, and results that are too old."""

from datetime import timedelta

import pytest

from monitors import upkeep
from monitors.models import Region, RegionState, Result, Status, StatusChange
from monitors.services import change_statuses, pause
from tests.monitors.conftest import status_of

pytestmark = pytest.mark.django_db


def mark(now, seconds):
    return upkeep.mark_unwatched(now=now + timedelta(seconds=seconds))


def test_a_monitor_is_unknown_since_its_last_result_was_no_longer_fresh(make, see, now):
    monitor = make()
    see(monitor, 1)
    assert mark(now, 150) == 0
    assert mark(now, 3600) == 1
    assert mark(now, 3700) == 0
    assert StatusChange.objects.get(after="UNKNOWN").at == now + timedelta(seconds=151.1)


def test_checks_that_are_claimed_but_bring_nothing_leave_it_unknown_too(make, see, now):
    monitor = make()
    see(monitor, 1, ok=False)
    see(monitor, 61, ok=False)
    RegionState.objects.update(claimable_at=now + timedelta(hours=2), claimed_by=1)
    assert mark(now, 3600) == 1
    assert status_of(monitor) == Status.UNKNOWN


def test_new_resumed_and_paused_ones_stay(make, see, by_alice, now):
    new, paused = make(name="New"), make(name="Paused")
    see(paused, 1)
    pause(monitor=paused, by=by_alice, now=now)
    assert mark(now, 3600) == 0
    assert (status_of(new), status_of(paused)) == (Status.NEW, Status.PAUSED)


def test_one_silent_region_of_three_makes_nothing_unknown_and_hides_no_other(make, see, now, monkeypatch):
    monkeypatch.setattr(upkeep, "BATCH", 2)
    monitors = [make(regions=3, name=f"M{number}") for number in range(5)]
    for monitor in monitors:
        see(monitor, 1)
        for region in ("r2", "r3"):
            see(monitor, 1, region=region)
    for monitor in monitors[:4]:
        for region in ("r2", "r3"):
            see(monitor, 301, region=region)
    assert mark(now, 302) == 1
    assert [status_of(monitor) for monitor in monitors] == ["OK"] * 4 + ["UNKNOWN"]


def test_a_disabled_region_no_longer_speaks(make, see, now):
    monitor = make()
    see(monitor, 1)
    Region.objects.update(is_enabled=False)
    mark(now, 200)
    assert status_of(monitor) == Status.UNKNOWN


def test_only_regions_that_are_tended_get_ticks(db, now):
    Region.objects.create(key="r2", name="R2", last_seen_at=now - timedelta(minutes=5))
    Region.objects.create(key="r3", name="R3", last_seen_at=now, is_enabled=False)
    Region.objects.filter(key="default").update(last_seen_at=now - timedelta(seconds=6))
    assert upkeep.tended_regions(now=now) == ["default"]


def test_results_past_their_retention_are_dropped_in_batches(make, see, now, monkeypatch, settings):
    monkeypatch.setattr(upkeep, "DELETED_AT_ONCE", 2)
    settings.RESULT_RETENTION_DAYS = 30
    monitor = make()
    for day in (1, 2, 3, 40, 41):
        see(monitor, day * 86_400)
    assert upkeep.drop_old_results(now=now + timedelta(days=45)) == 3
    assert Result.objects.count() == 2
    assert upkeep.drop_old_results(now=now + timedelta(days=100)) == 2


def test_many_that_nobody_looks_at_cost_as_much_as_one(make, see, now, queries_of):
    alone = make(name="Alone")
    see(alone, 1)
    assert (first := queries_of(lambda: mark(now, 3600)))
    others = [make(name=f"M{number}") for number in range(6)]
    for other in others:
        see(other, 3601)
    assert queries_of(lambda: mark(now, 7200)) <= first
    assert [status_of(other) for other in others] == ["UNKNOWN"] * 6


def test_one_monitor_that_cannot_be_marked_holds_back_no_other(make, see, now, monkeypatch):
    good, bad = make(name="Good"), make(name="Bad")
    for monitor in (good, bad):
        see(monitor, 1)

    def change(turns, *, now):
        if any(turn.monitor.name == "Bad" for turn in turns):
            raise RuntimeError("as a broken row would")
        return change_statuses(turns, now=now)

    monkeypatch.setattr(upkeep, "change_statuses", change)
    assert mark(now, 3600) == 1
    assert (status_of(good), status_of(bad)) == (Status.UNKNOWN, Status.OK)
