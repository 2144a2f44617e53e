"""Making and editing heartbeats by form, with the next runs shown before saving."""

import pytest

from monitors.models import Monitor

pytestmark = pytest.mark.django_db
INTERVAL = {"name": "Backup", "kind": "interval", "interval_value": "1", "interval_unit": "3600", "grace_value": "5",
            "grace_unit": "60", "failure_tolerance": "0"}  # fmt: skip
CRON = INTERVAL | {"kind": "cron", "expression": "15 2 * * *", "timezone": "Europe/Stockholm"}


def wrong(answer):
    assert answer.status_code == 400, answer.status_code
    return set(answer.context["form"].errors)


@pytest.mark.parametrize(
    ("given", "schedule"),
    [
        (INTERVAL, {"kind": "interval", "interval_seconds": 3600}),
        (CRON, {"kind": "cron", "expression": "15 2 * * *", "timezone": "Europe/Stockholm"}),
    ],
)
def test_a_heartbeat_is_made_and_shows_its_ping_line(browser, given, schedule):
    answer = browser.post("/heartbeats/new", given, follow=True)
    heartbeat = Monitor.objects.get().heartbeat
    assert heartbeat.schedule == schedule
    assert heartbeat.grace_seconds == 300
    assert f"/api/signals/ping/{heartbeat.token}" in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", INTERVAL | {"name": ""}),
        ("name", INTERVAL | {"name": "\x00"}),
        ("kind", INTERVAL | {"kind": "moon"}),
        ("interval_value", INTERVAL | {"interval_value": ""}),
        ("interval_value", INTERVAL | {"interval_value": "9", "interval_unit": "1"}),
        ("interval_value", INTERVAL | {"interval_value": "9" * 300}),
        ("interval_unit", INTERVAL | {"interval_unit": "7"}),
        ("expression", CRON | {"expression": ""}),
        ("expression", CRON | {"expression": "61 * * * *"}),
        ("expression", CRON | {"expression": "* * *"}),
        ("expression", CRON | {"expression": "\x00"}),
        ("timezone", CRON | {"timezone": "Mars/Olympus"}),
        ("grace_value", INTERVAL | {"grace_value": "9" * 300}),
        ("grace_value", INTERVAL | {"grace_value": "-1"}),
        ("grace_unit", INTERVAL | {"grace_unit": "x"}),
        ("failure_tolerance", INTERVAL | {"failure_tolerance": "101"}),
        ("max_runtime_seconds", INTERVAL | {"max_runtime_seconds": "9" * 100}),
        ("slug", INTERVAL | {"slug": "start"}),
        ("tags", INTERVAL | {"tags": "two words"}),
    ],
)
def test_every_wrong_field_is_named_and_nothing_stored(browser, field, given):
    answer = browser.post("/heartbeats/new", given)
    assert field in wrong(answer)
    assert not Monitor.objects.exists()


def test_a_taken_slug_is_named(browser, make_heartbeat):
    make_heartbeat(slug="backup")
    assert wrong(browser.post("/heartbeats/new", INTERVAL | {"slug": "backup"})) == {"slug"}


def test_an_empty_post_is_no_fault(browser):
    assert {"name", "kind"} <= wrong(browser.post("/heartbeats/new", {}))


def test_the_next_runs_are_shown_before_saving(browser):
    html = browser.post("/heartbeats/runs", CRON).content.decode()
    assert html.count("02:15:00 CE") == 5
    assert html.count("01:15:00 UTC") + html.count("00:15:00 UTC") == 5
    calendar = CRON | {"kind": "oncalendar", "expression": "Mon..Fri 02:15", "timezone": "Asia/Kathmandu"}
    html = browser.post("/heartbeats/runs", calendar).content.decode()
    assert html.count("02:15:00 +0545") == html.count("20:30:00 UTC") == 5
    html = browser.post("/heartbeats/runs", INTERVAL).content.decode()
    assert html.count("<li>") == html.count("UTC") == 5
    assert not Monitor.objects.exists()


@pytest.mark.parametrize("given", [{}, INTERVAL | {"interval_unit": "x"}, INTERVAL | {"interval_value": "9" * 99}])
def test_runs_of_a_half_filled_form_are_no_fault(browser, given):
    assert browser.post("/heartbeats/runs", given).status_code == 200


def test_runs_say_what_is_wrong_with_an_expression(browser):
    assert (
        "Not a valid cron expression"
        in browser.post("/heartbeats/runs", CRON | {"expression": "61 * * * *"}).content.decode()
    )


def test_an_edit_shows_what_is_stored_and_keeps_the_token(browser, heartbeat):
    shown = browser.get(f"/heartbeats/{heartbeat.pk}/edit").context["form"].initial
    token = heartbeat.heartbeat.token
    data = {name: value for name, value in shown.items() if value is not None}
    assert (
        browser.post(f"/heartbeats/{heartbeat.pk}/edit", data | {"name": "Other", "grace_value": 9}).status_code == 302
    )
    heartbeat.heartbeat.refresh_from_db()
    assert heartbeat.heartbeat.token == token
    assert heartbeat.heartbeat.grace_seconds == 9 * shown["grace_unit"]


def test_each_type_is_edited_on_its_own_form(browser, monitor, heartbeat):
    assert browser.get(f"/monitors/{heartbeat.pk}/edit")["Location"] == f"/heartbeats/{heartbeat.pk}/edit"
    assert browser.get(f"/heartbeats/{monitor.pk}/edit")["Location"] == f"/monitors/{monitor.pk}/edit"
    assert browser.post(f"/heartbeats/{monitor.pk}/edit", INTERVAL).status_code == 302


def test_the_next_runs_are_shown_without_scripts_too(browser, heartbeat):
    for path in ("/heartbeats/new", f"/heartbeats/{heartbeat.pk}/edit"):
        answer = browser.post(path, CRON | {"preview": "runs"})
        assert answer.status_code == 200
        assert answer.content.decode().count("02:15:00 CE") == 5
    assert Monitor.objects.count() == 1


def test_keywords_and_methods_are_set_shown_and_taken_back(browser, make_heartbeat):
    made = make_heartbeat(filters={"body": {"start": ["begin"]}})
    given = INTERVAL | {"failure_subject": "FAILED, disk full ,", "success_body": "done", "methods": ["POST", "EMAIL"]}
    assert browser.post(f"/heartbeats/{made.pk}/edit", given).status_code == 302
    made.heartbeat.refresh_from_db()
    assert made.heartbeat.filters == {"subject": {"failure": ["FAILED", "disk full"]}, "body": {"success": ["done"]}}
    assert made.heartbeat.methods == ["POST", "EMAIL"]
    html = browser.get(f"/heartbeats/{made.pk}/edit").content.decode()
    assert 'value="FAILED, disk full"' in html
    assert browser.post(f"/heartbeats/{made.pk}/edit", INTERVAL).status_code == 302
    made.heartbeat.refresh_from_db()
    assert (made.heartbeat.filters, made.heartbeat.methods) == ({}, [])
    answer = browser.post(f"/heartbeats/{made.pk}/edit", INTERVAL | {"success_body": "x" * 101})
    assert "success_body" in wrong(answer)
