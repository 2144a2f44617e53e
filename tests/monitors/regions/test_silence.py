"""A silent region is UNKNOWN for what it missed, and one word to the operators; so is its return."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from monitors.models import OperatorNotice, Region, RegionState
from monitors.regions.silence import admin_label, watch_regions
from monitors.upkeep import mark_unwatched
from tests.monitors.conftest import region_state, status_of

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def heard(now):
    """`heard(seconds, key)`: an engine of the region was heard then."""

    def at(seconds, key="default"):
        Region.objects.filter(key=key).update(last_seen_at=now + timedelta(seconds=seconds))

    return at


def subjects():
    return list(OperatorNotice.objects.order_by("pk").values_list("subject", flat=True))


def test_operators_are_told_once_of_the_silence_and_once_of_its_end(make, heard, now, settings):
    settings.REGION_SILENT_SECONDS = 60
    for number in range(3):
        make(name=f"M{number}")
    heard(0)
    assert watch_regions(now=now + timedelta(seconds=59)) == 0
    assert watch_regions(now=now + timedelta(seconds=61)) == 1
    assert watch_regions(now=now + timedelta(seconds=66)) == 0
    assert subjects() == ["Region Default is silent"]
    assert "3 monitors" in OperatorNotice.objects.get().text
    assert Region.objects.get().silent_since == now
    assert admin_label(None) == ["Silent: Default", "danger"]
    heard(70)
    assert watch_regions(now=now + timedelta(seconds=71)) == 1
    assert watch_regions(now=now + timedelta(seconds=76)) == 0
    assert subjects() == ["Region Default is silent", "Region Default is heard again"]
    assert admin_label(None) is None


def test_a_region_that_nobody_watches_from_or_that_is_disabled_is_not_missed(make, heard, now):
    make()
    Region.objects.create(key="fra", name="Frankfurt", last_seen_at=now - timedelta(days=1))
    Region.objects.filter(key="default").update(is_enabled=False, last_seen_at=now - timedelta(days=1))
    assert watch_regions(now=now) == 0


def test_a_region_whose_first_engine_never_came_is_missed(make, now):
    make()
    assert watch_regions(now=now + timedelta(seconds=30)) == 0
    assert watch_regions(now=now + timedelta(seconds=90)) == 1


def test_one_that_is_disabled_while_silent_is_no_longer_said_to_be(make, heard, now):
    make()
    heard(0)
    watch_regions(now=now + 5 * MINUTE)
    Region.objects.update(is_enabled=False)
    watch_regions(now=now + 6 * MINUTE)
    assert Region.objects.get().silent_since is None
    assert subjects() == ["Region Default is silent"]


def test_what_it_missed_is_unknown_and_what_is_not_due_yet_keeps_its_word(make, see, heard, now):
    missed = make(name="Missed", interval_seconds=3600)
    later = make(name="Later", interval_seconds=3600)
    for monitor in (missed, later):
        see(monitor, 1)
    RegionState.objects.filter(monitor=missed).update(next_check_at=now + MINUTE)
    RegionState.objects.filter(monitor=later).update(next_check_at=now + 30 * MINUTE)
    heard(10)
    watch_regions(now=now + 3 * MINUTE)
    assert mark_unwatched(now=now + 3 * MINUTE + timedelta(seconds=6)) == 1
    assert (status_of(missed), status_of(later)) == ("UNKNOWN", "OK")
    see(missed, 200)
    assert status_of(missed) == "OK"


def test_a_monitor_that_enough_others_see_keeps_its_status(make, see, heard, now):
    monitor = make(regions=3, interval_seconds=3600)
    for key in ("default", "r2", "r3"):
        see(monitor, 1, region=key)
        heard(170, key)
    heard(10)
    RegionState.objects.update(next_check_at=now + MINUTE)
    watch_regions(now=now + 3 * MINUTE)
    assert region_state(monitor).fresh_until == now + 3 * MINUTE
    assert mark_unwatched(now=now + 4 * MINUTE) == 0
    assert status_of(monitor) == "OK"


def test_health_says_which_are_silent_and_stays_well(make, heard, now):
    make()
    assert settings.REGION_SILENT_SECONDS == 60
    heard(0)
    RegionState.objects.update(claimable_at=now + timedelta(days=9000))
    watch_regions(now=now + 5 * MINUTE)
    line = Client().get("/health/ready").json()["checks"]["regions"]
    assert line == {"status": "ok", "detail": "silent: default"}


def test_every_admin_page_says_so(make, heard, now, admin_client):
    make()
    heard(0)
    watch_regions(now=now + 5 * MINUTE)
    assert "Silent: Default" in admin_client.get("/admin/").content.decode()
