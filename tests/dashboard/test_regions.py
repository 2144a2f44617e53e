"""Regions and quorum on a monitor's form and page."""

from datetime import timedelta

import pytest

from common.clock import now as clock_now
from dashboard.forms.monitor import form_for
from monitors.models import Monitor, Region, RegionState

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(signed_in, alice):
    return signed_in(alice)


@pytest.fixture
def fra(db):
    return Region.objects.create(key="fra", name="Frankfurt")


@pytest.fixture
def sin(db):
    return Region.objects.create(key="sin", name="Singapore", is_enabled=False)


def form_data(**fields):
    initial = {name: field.initial for name, field in form_for("http").base_fields.items() if field.initial is not None}
    data = initial | {"url": "https://shop.example/", "name": "Shop"} | fields
    return {name: value for name, value in data.items() if value is not False}


def text(answer):
    return answer.content.decode()


def keys_of(monitor):
    return sorted(monitor.region_states.values_list("region__key", flat=True))


def test_with_one_region_nothing_is_asked(browser, monitor):
    for address in ("/monitors/new", f"/monitors/{monitor.pk}/edit"):
        html = text(browser.get(address))
        assert 'name="regions"' not in html
        assert 'name="quorum"' not in html
    assert 'id="regions"' not in text(browser.get(f"/monitors/{monitor.pk}"))


def test_regions_that_probe_are_offered_and_kept(browser, fra, sin):
    html = text(browser.get("/monitors/new"))
    assert "Frankfurt" in html
    assert "Singapore" not in html
    assert browser.post("/monitors/new", form_data(regions=["default", "fra"], quorum="2")).status_code == 302
    made = Monitor.objects.get()
    assert (keys_of(made), made.quorum) == (["default", "fra"], 2)
    address = f"/monitors/{made.pk}/edit"
    assert text(browser.get(address)).count("checked") >= 2
    assert browser.post(address, form_data(regions=["fra"], quorum="")).status_code == 302
    made.refresh_from_db()
    assert (keys_of(made), made.quorum) == (["fra"], None)


def test_a_region_that_was_disabled_since_may_be_kept(browser, make_monitor, fra, sin):
    made = make_monitor(regions=["default", "fra"])
    Region.objects.filter(pk=fra.pk).update(is_enabled=False)
    address = f"/monitors/{made.pk}/edit"
    assert "Frankfurt" in text(browser.get(address))
    assert browser.post(address, form_data(regions=["default", "fra"])).status_code == 302
    assert keys_of(made) == ["default", "fra"]
    assert "Disabled" in text(browser.get(f"/monitors/{made.pk}"))


@pytest.mark.parametrize("regions", [[], ["sin"], ["default", "mars"]])
def test_what_is_no_choice_is_refused_in_the_words_of_the_api(browser, fra, sin, regions):
    answer = browser.post("/monitors/new", form_data(regions=regions))
    assert answer.status_code == 400
    assert answer.context["form"].errors["regions"] == ["Choose at least one of default, fra."]
    assert not Monitor.objects.exists()


@pytest.mark.parametrize("quorum", ["0", "101", "-1"])
def test_a_wrong_quorum_is_refused_in_the_words_of_the_api(browser, fra, quorum, token_of, alice):
    answer = browser.post("/monitors/new", form_data(regions=["default", "fra"], quorum=quorum))
    body = {"type": "http", "name": "x", "url": "https://shop.example/", "quorum": int(quorum)}
    said = browser.post(
        "/api/v1/monitor", body, content_type="application/json", headers={"Authorization": f"Bearer {token_of(alice)}"}
    )
    assert answer.context["form"].errors["quorum"] == [said.json()["errors"][0]["detail"]]


def test_every_type_has_them(browser, fra):
    answer = browser.post(
        "/monitors/new", {"type": "tcp", "name": "Mail", "host": "mail.example", "port": "25", "regions": ["fra"],
                          "interval_seconds": "60", "timeout_seconds": "8", "fail_after_consecutive": "2",
                          "resolve_after_consecutive_success": "1"},
    )  # fmt: skip
    assert answer.status_code == 302
    assert keys_of(Monitor.objects.get()) == ["fra"]


def test_a_test_of_a_stored_monitor_takes_its_regions(browser, make_monitor, fra):
    made = make_monitor(regions=["default", "fra"], settings={"url": "http://127.0.0.1:9/"})
    Region.objects.filter(pk=fra.pk).update(is_enabled=False)
    answer = browser.post(
        f"/monitors/{made.pk}/try", form_data(url="http://127.0.0.1:9/", regions=["default", "fra"]),
        headers={"HX-Request": "true"},
    )  # fmt: skip
    assert answer.status_code == 200
    assert "Choose at least one" not in text(answer)


def test_the_page_says_what_each_region_says(browser, make_monitor, fra):
    made = make_monitor(regions=["default", "fra"])
    html = text(browser.get(f"/monitors/{made.pk}"))
    assert "Down when 2 of 2 say so" in html
    assert "No result yet" in html
    now = clock_now()
    states = RegionState.objects.filter(monitor=made)
    seen = {"last_checked_at": now, "fresh_until": now + timedelta(minutes=2), "last_latency_ms": 84.0}
    states.filter(region=fra).update(is_down=True, **seen)
    states.exclude(region=fra).update(is_down=False, **seen | {"fresh_until": now - timedelta(minutes=1)})
    html = text(browser.get(f"/monitors/{made.pk}"))
    for words in ("Says down", "Nothing heard lately", "84\N{NO-BREAK SPACE}ms", "Frankfurt"):
        assert words in html, words
    states.update(is_down=False, fresh_until=now + timedelta(minutes=2))
    assert "Says OK" in text(browser.get(f"/monitors/{made.pk}"))
