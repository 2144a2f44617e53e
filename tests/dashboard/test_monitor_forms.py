"""Making, editing, trying and deleting monitors by form."""

import pytest

from accounts.models import AuditEntry
from dashboard.forms.assertions import status_assertion
from dashboard.forms.monitor import form_for
from monitors.models import Monitor
from tests.targets import Target

pytestmark = pytest.mark.django_db
JUNK = ["", "\x00", "ftp://x", "http://", "https://[", "https://x:99999999/", "x" * 5000, "https://a b/"]


def form_data(**fields):
    initial = {name: field.initial for name, field in form_for("http").base_fields.items() if field.initial is not None}
    data = initial | {"url": "https://shop.example/", "name": "Shop"} | fields
    return {name: value for name, value in data.items() if value is not False}


def wrong(answer):
    assert answer.status_code == 400, answer.status_code
    return set(answer.context["form"].errors)


def test_a_url_is_all_that_is_needed(browser):
    answer = browser.post("/monitors/new", form_data(url="shop.example/health", name=""), follow=True)
    monitor = Monitor.objects.get()
    assert monitor.name == "shop.example"
    assert monitor.target == "https://shop.example/health"
    assert "shop.example is watched" in answer.content.decode()
    assert AuditEntry.objects.filter(verb="create", object_type="monitor").exists()


@pytest.mark.parametrize("url", JUNK)
def test_a_url_that_cannot_be_checked_is_named_and_nothing_stored(browser, url):
    assert "url" in wrong(browser.post("/monitors/new", form_data(url=url)))
    assert not Monitor.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "n" * 121),
        ("name", "a\x00b"),
        ("interval_seconds", "7"),
        ("interval_seconds", "x"),
        ("status_codes", "200-"),
        ("status_codes", "9" * 5000),
        ("status_codes", "99, 200"),
        ("method", "BREW"),
        ("headers", "no colon here"),
        ("headers", "Bad Name: x"),
        ("headers", "X-A: é\x7f"),
        ("timeout_seconds", "inf"),
        ("timeout_seconds", "nan"),
        ("timeout_seconds", "61"),
        ("timeout_seconds", ""),
        ("fail_after_consecutive", "0"),
        ("fail_after_consecutive", "9" * 400),
        ("resolve_after_consecutive_success", "1.5"),
        ("latency_threshold_ms", "-1"),
        ("tags", "two words"),
        ("tags", ",".join("t" * 61 for _ in range(2))),
        ("description", "d" * 1001),
        ("body", "b" * 2_000_000),
        ("keyword", "\x00"),
    ],
)
def test_every_wrong_field_is_named_and_nothing_stored(browser, field, value):
    answer = browser.post("/monitors/new", form_data(**{field: value}))
    assert field in wrong(answer)
    assert not Monitor.objects.exists()
    assert f'id="id_{field}_error"' in answer.content.decode()


def test_all_wrong_fields_are_named_at_once(browser):
    data = form_data(url="ftp://x", name="n" * 121, tags="two words", timeout_seconds="99", headers="no colon")
    assert {"url", "name", "tags", "timeout_seconds", "headers"} <= wrong(browser.post("/monitors/new", data))
    data = form_data(tags="two words", interval_seconds="10", timeout_seconds="30", headers="Bad Name: x")
    assert {"tags", "timeout_seconds", "headers"} <= wrong(browser.post("/monitors/new", data))


def test_an_empty_post_is_no_fault(browser):
    assert "url" in wrong(browser.post("/monitors/new", {}))


def test_a_folded_part_with_an_error_is_open(browser):
    html = browser.post("/monitors/new", form_data(tags="two words")).content.decode()
    assert '<details class="fold" open>' in html


def test_an_edit_keeps_secrets_and_what_the_form_does_not_show(browser, make_monitor):
    kept = {"source": "json", "property": "$.ok", "comparison": "equals", "target": True}
    request = {"headers": {"Authorization": "Bearer s3cret", "X-Plain": "a"}, "max_redirects": 7}
    monitor = make_monitor(settings={"request": request, "assertions": [kept]}, interval_seconds=45)
    page = browser.get(f"/monitors/{monitor.pk}/edit").content.decode()
    assert "s3cret" not in page
    assert "Authorization: ********" in page
    shown = browser.get(f"/monitors/{monitor.pk}/edit").context["form"].initial
    data = {name: value for name, value in shown.items() if value not in (None, False)}
    assert browser.post(f"/monitors/{monitor.pk}/edit", data | {"name": "New name"}).status_code == 302
    monitor.refresh_from_db()
    assert monitor.name == "New name"
    assert monitor.interval_seconds == 45
    assert monitor.settings["request"]["headers"] == {"Authorization": "Bearer s3cret", "X-Plain": "a"}
    assert monitor.settings["request"]["max_redirects"] == 7
    assert monitor.settings["assertions"] == [kept]


def test_a_mask_without_a_secret_behind_it_is_refused(browser):
    assert "headers" in wrong(browser.post("/monitors/new", form_data(headers="Authorization: ********")))


def test_a_refused_edit_changes_nothing(browser, monitor):
    before = Monitor.objects.values().get()
    wrong(browser.post(f"/monitors/{monitor.pk}/edit", form_data(name="", url="ftp://x")))
    assert Monitor.objects.values().get() == before


def test_trying_answers_with_a_fragment_and_stores_nothing(browser):
    with Target() as target:
        data = form_data(url=target.url("/status/503"))
        answer = browser.post("/monitors/try", data, headers={"HX-Request": "true"})
    html = answer.content.decode()
    assert "Would be down" in html
    assert "503" in html
    assert "<html" not in html
    assert not Monitor.objects.exists()


def test_trying_works_without_javascript(browser):
    with Target() as target:
        html = browser.post("/monitors/try", form_data(url=target.url("/"), name="Kept")).content.decode()
    assert "Answers" in html
    assert 'value="Kept"' in html
    assert "<html" in html


def test_trying_names_what_is_wrong(browser):
    answer = browser.post("/monitors/try", form_data(url="ftp://x"), headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "One thing needs a change" in answer.content.decode()


def test_trying_a_stored_monitor_sends_its_secret_to_its_own_place_only(browser, make_monitor):
    with Target() as target, Target() as other:
        headers = {"Authorization": "Bearer s3cret"}
        monitor = make_monitor(settings={"url": target.url("/"), "request": {"headers": headers}})
        path, masked = f"/monitors/{monitor.pk}/try", "Authorization: ********"
        browser.post(path, form_data(url=target.url("/other"), headers=masked))
        assert [one.headers["authorization"] for one in target.requests] == ["Bearer s3cret"]
        html = browser.post(path, form_data(url=other.url("/"), headers=masked)).content.decode()
        assert 'id="id_headers_error"' in html
        assert other.requests == []


def test_pause_resume_and_delete_are_plain_posts(browser, monitor):
    browser.post(f"/monitors/{monitor.pk}/pause")
    assert Monitor.objects.get().is_paused
    browser.post(f"/monitors/{monitor.pk}/resume")
    assert not Monitor.objects.get().is_paused
    answer = browser.post(f"/monitors/{monitor.pk}/delete", follow=True)
    assert "Shop and its history are deleted." in answer.content.decode()
    assert not Monitor.objects.exists()


def test_deleting_twice_is_not_found(browser, monitor):
    browser.post(f"/monitors/{monitor.pk}/delete")
    assert browser.post(f"/monitors/{monitor.pk}/delete").status_code == 404


def test_check_now_says_what_came(browser, make_monitor):
    with Target() as target:
        monitor = make_monitor(settings={"url": target.url("/")})
        answer = browser.post(f"/monitors/{monitor.pk}/check", follow=True)
    assert "Answered as expected in" in answer.content.decode()


def test_check_now_of_a_heartbeat_is_refused_in_words(browser, heartbeat):
    answer = browser.post(f"/monitors/{heartbeat.pk}/check", follow=True)
    assert "waits for signals" in answer.content.decode()


@pytest.mark.parametrize(("text", "target"), [("200-399", [200, 399]), ("200, 204", [200, 204]), ("301", [301])])
def test_status_codes_are_a_range_or_a_list(text, target):
    assert status_assertion(text)["target"] == target
