"""The pages of monthly reports: list, form, acts, and a report."""

import pytest

from alerts.models import Channel, Delivery, MonthlyReport, ReportSchedule
from alerts.monthly import making as monthly
from common.clock import now as clock_now


@pytest.fixture
def browser(signed_in, alice):
    return signed_in(alice)


def text(answer):
    return answer.content.decode()


def test_a_schedule_is_made_changed_tried_and_deleted(browser, monitor, webhook):
    channel = Channel.objects.get(name="Pager")
    form = text(browser.get("/reports/schedules/new"))
    assert "Pager (Webhook)" in form
    given = {
        "name": "Sites", "covers": "monitors", "monitor_ids": [monitor.pk], "channel_id": channel.pk,
        "timezone": "Europe/Berlin", "is_enabled": "on",
    }  # fmt: skip
    assert browser.post("/reports/schedules/new", given)["Location"] == "/reports"
    made = ReportSchedule.objects.get()
    assert (made.name, made.channel, list(made.monitors.all())) == ("Sites", channel, [monitor])
    listed = text(browser.get("/reports"))
    for words in ("Sites", "Pager", "Europe/Berlin", "None yet"):
        assert words in listed, words
    address = f"/reports/schedules/{made.pk}"
    assert "Europe/Berlin" in text(browser.get(address))
    # What another choice hides is not taken, with or without JavaScript.
    assert browser.post(address, given | {"covers": "all", "channel_id": ""}).status_code == 302
    made.refresh_from_db()
    assert (made.covers, made.channel, made.monitors.count()) == ("all", None, 0)
    assert browser.post(f"{address}/preview")["Location"] == "/reports"
    assert browser.post(f"{address}/send")["Location"] == "/reports"
    assert "Being made" in text(browser.get("/reports"))
    monthly.make_due(clock=clock_now)
    assert Delivery.objects.get().channel.is_owners
    preview = MonthlyReport.objects.get(purpose="preview")
    page = text(browser.get(f"/reports/{preview.pk}"))
    for words in ("Sites", "Shop", "Download PDF", "Availability"):
        assert words in page, words
    file = browser.get(f"/reports/{preview.pk}/pdf")
    assert (file["Content-Type"], file.content[:5]) == ("application/pdf", b"%PDF-")
    assert "Monthly report" in text(browser.get("/alerts"))
    assert browser.post(f"{address}/delete").status_code == 302
    assert not ReportSchedule.objects.exists()


def test_wrong_fields_are_shown_beside_them(browser):
    given = {"name": "Sites", "covers": "service_group", "timezone": "UTC", "is_enabled": "on"}
    answer = browser.post("/reports/schedules/new", given)
    assert answer.status_code == 400
    assert "Choose the service group that the report is about." in text(answer)
    answer = browser.post("/reports/schedules/new", given | {"covers": "monitors"})
    assert "Choose at least one monitor." in text(answer)


def test_a_report_that_was_not_sent_says_why(browser, monitor, webhook):
    channel = Channel.objects.get(name="Pager")
    given = {"name": "Sites", "covers": "all", "channel_id": channel.pk, "timezone": "UTC", "is_enabled": "on"}
    browser.post("/reports/schedules/new", given)
    made = ReportSchedule.objects.get()
    browser.post(f"/reports/schedules/{made.pk}/send")
    Channel.objects.update(is_enabled=False, disabled_reason="The receiver answered 410 Gone.")
    monthly.make_due(clock=clock_now)
    assert "The channel is disabled. The receiver answered 410 Gone." in text(browser.get("/reports"))
    answer = browser.post(f"/reports/schedules/{made.pk}/send", follow=True)
    assert "The channel is disabled" in text(answer)
    assert MonthlyReport.objects.count() == 1


def test_the_list_asks_the_same_number_of_queries_however_many_rows(
    browser, monitor, webhook, django_assert_max_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def add(name):
        given = {"name": name, "covers": "monitors", "monitor_ids": [monitor.pk], "timezone": "UTC"}
        browser.post("/reports/schedules/new", given | {"channel_id": Channel.objects.get(name="Pager").pk})
        browser.post(f"/reports/schedules/{ReportSchedule.objects.get(name=name).pk}/send")
        monthly.make_due(clock=clock_now)

    add("A")
    browser.get("/reports")
    with CaptureQueriesContext(connection) as few:
        browser.get("/reports")
    wanted = len(few)
    add("B")
    add("C")
    with django_assert_max_num_queries(wanted):
        browser.get("/reports")
