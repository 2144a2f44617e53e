"""A region's first failure makes one other region look at once, and only then."""

from datetime import timedelta

import pytest

from monitors.models import Region, RegionState
from monitors.scheduling.claiming import claim_due
from monitors.watched import WatchedCache
from tests.monitors.conftest import region_state, status_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def watched(make, see, now):
    """`watched(regions, …)`: a monitor that every region has seen well; each region is heard, the next checks far."""

    def made(regions=2, **fields):
        monitor = make(regions=regions, **fields)
        keys = list(Region.objects.order_by("pk").values_list("key", flat=True))
        for number, key in enumerate(keys):
            see(monitor, 1 + number / 10, region=key)
        Region.objects.update(last_seen_at=now + timedelta(seconds=15))
        later = now + timedelta(minutes=5)
        RegionState.objects.update(next_check_at=later, claimable_at=later)
        return monitor

    return made


def due_now(now, seconds):
    at = now + timedelta(seconds=seconds)
    return sorted(RegionState.objects.filter(claimable_at__lte=at).values_list("region__key", flat=True))


def test_the_other_region_is_asked_at_once(watched, see, now):
    monitor = watched(fail_after_consecutive=1)
    see(monitor, 20, ok=False)
    assert due_now(now, 20.1) == ["r2"]
    assert status_of(monitor) == "OK"
    state = region_state(monitor, "r2")
    at = now.timestamp() + 21
    region_id = Region.objects.get(key="r2").pk
    claimed = claim_due(region_id=region_id, run_id=1, cache=WatchedCache(), now=at, until=at + 1, limit=9)
    assert [check.monitor_id for check in claimed.checks] == [monitor.pk]
    assert region_state(monitor, "r2").skipped_slots == state.skipped_slots
    see(monitor, 21, ok=False, region="r2")
    assert status_of(monitor) == "DOWN"


def test_each_region_is_asked_once_and_none_twice(watched, see, now):
    monitor = watched(3)
    see(monitor, 20, ok=False)
    assert due_now(now, 20.1) == ["r2"], "the one that looked longest ago"
    see(monitor, 20.5, ok=False, region="r2")
    assert due_now(now, 20.6) == ["r3"]
    see(monitor, 21, ok=False, region="r3")
    assert due_now(now, 21.1) == [], "every region has failed once: each goes on at its own pace"


def test_a_further_failure_asks_nobody(watched, see, now):
    monitor = watched()
    see(monitor, 20, ok=False)
    see(monitor, 20.5, region="r2")
    see(monitor, 50, ok=False)
    assert due_now(now, 50.1) == []


@pytest.mark.parametrize(
    "unfit", [{"is_enabled": False}, {"last_seen_at": None}], ids=["disabled", "no engine was heard"]
)
def test_a_region_that_cannot_look_is_not_asked(watched, see, now, unfit):
    monitor = watched()
    Region.objects.filter(key="r2").update(**unfit)
    see(monitor, 20, ok=False)
    assert due_now(now, 20.1) == []


def test_a_region_that_is_looking_is_left_alone(watched, see, now):
    monitor = watched()
    leased = now + timedelta(seconds=30)
    RegionState.objects.filter(monitor=monitor, region__key="r2").update(claimed_by=7, claimable_at=leased)
    see(monitor, 20, ok=False)
    assert region_state(monitor, "r2").claimable_at == leased


def test_an_address_that_may_not_be_checked_is_no_reason_to_ask(watched, see, now):
    monitor = watched()
    see(monitor, 20, ok=False, failure_class="blocked")
    assert due_now(now, 20.1) == []
