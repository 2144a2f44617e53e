"""Regions are read by everybody and written by operators only."""

import pytest

from monitors.models import Region

pytestmark = pytest.mark.django_db


@pytest.fixture
def frankfurt(region):
    return Region.objects.create(key="fra", name="Frankfurt", country="DE")


def test_everybody_sees_every_region(api, stranger, frankfurt, now):
    Region.objects.filter(pk=frankfurt.pk).update(last_seen_at=now)
    items = api.get("/api/regions").json()["items"]
    assert [one["key"] for one in items] == ["default", "fra"]
    assert items[1] == {
        "id": frankfurt.pk,
        "key": "fra",
        "name": "Frankfurt",
        "country": "DE",
        "enabled": True,
        "lastHeardAt": "2026-03-02T12:00:00.000Z",
        "silentSince": None,
    }
    assert stranger.get("/api/regions?key=fra").json()["items"] == items[1:]
    assert api.get(f"/api/regions/{frankfurt.pk}").json() == items[1]


def test_nobody_writes_them_here(api, anybody, frankfurt):
    assert anybody.get("/api/regions").status_code == 401
    assert api.post("/api/regions", {"key": "mars"}).status_code == 405
    assert api.delete(f"/api/regions/{frankfurt.pk}").status_code == 405


def test_a_monitor_names_its_regions(api, frankfurt, pointers):
    body = {"name": "Shop", "type": "http", "url": "https://shop.example/", "regions": ["default", "fra"]}
    made = api.post("/api/monitors", body)
    assert made.status_code == 201, made.content
    assert made.json()["regions"] == ["default", "fra"]
    assert pointers(api.post("/api/monitors", body | {"regions": ["mars"]})) == {"/regions": "choice"}
    assert pointers(api.post("/api/monitors", body | {"regions": []})) == {"/regions": "choice"}


def test_a_monitor_of_a_region_that_was_disabled_can_be_sent_back_as_read(api, make_monitor, frankfurt, pointers):
    monitor = make_monitor(regions=["default", "fra"])
    Region.objects.filter(pk=frankfurt.pk).update(is_enabled=False)
    kept = api.patch(f"/api/monitors/{monitor.pk}", {"regions": ["default", "fra"]})
    assert kept.json()["regions"] == ["default", "fra"]
    assert api.patch(f"/api/monitors/{monitor.pk}", {"regions": ["default"]}).json()["regions"] == ["default"]
    wrong = api.patch(f"/api/monitors/{monitor.pk}", {"regions": ["default", "fra"]})
    assert pointers(wrong) == {"/regions": "choice"}
