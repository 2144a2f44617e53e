"""What operators see and do: lists in a constant number of queries, no secret anywhere, resend and dismiss."""

import pytest

from alerts.models import Channel, Delivery, DeliveryAttempt, DeliveryState, Recipient, ReportPurpose, Rule
from alerts.monthly.schedules import ask_for_report, create_report_schedule
from alerts.recipients import addresses as recipients
from common.clock import now as clock_now
from incidents.models import Kind

PAGES = ("channel", "rule", "delivery", "deliveryattempt", "recipient", "reportschedule", "monthlyreport")


@pytest.fixture
def outbox(monitor, open_on, add_webhook, add_email, sink, by_alice):
    def fill(number):
        made = add_webhook(monitor, sink.url(), name=f"Hook {number}", headers={"X-Key": "sesame"})
        schedule = create_report_schedule(
            workspace=monitor.workspace, by=by_alice, now=clock_now(),
            fields={"name": f"Hook {number}", "channel_id": made.channel.pk},
        )  # fmt: skip
        ask_for_report(schedule=schedule, purpose=ReportPurpose.PREVIEW, by=by_alice, now=clock_now())
        add_email(monitor, [f"ops{number}@elsewhere.example"], name=f"Mail {number}")
        open_on(monitor, kind=[Kind.DOWNTIME, Kind.SSL, Kind.DNS, Kind.LATENCY][number])
        for delivery in Delivery.objects.filter(attempts=None):
            DeliveryAttempt.objects.create(delivery=delivery, started_at=clock_now(), ok=False, error="refused")

    return fill


@pytest.mark.parametrize("page", PAGES)
def test_lists_ask_the_same_number_of_queries_however_many_rows(
    admin_client, outbox, page, django_assert_max_num_queries
):
    outbox(0)
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    address = f"/admin/alerts/{page}/"
    admin_client.get(address)
    with CaptureQueriesContext(connection) as few:
        assert admin_client.get(address).status_code == 200
    outbox(1)
    outbox(2)
    with django_assert_max_num_queries(len(few)):
        assert admin_client.get(address).status_code == 200


def test_pages_show_no_secret(admin_client, outbox):
    outbox(0)
    secret = Channel.objects.get(type="webhook").config["secret"]
    for model, page in ((Channel, "channel"), (Rule, "rule"), (Delivery, "delivery"), (Recipient, "recipient")):
        for row in model.objects.all():
            text = admin_client.get(f"/admin/alerts/{page}/{row.pk}/change/").content.decode()
            assert "sesame" not in text
            assert secret not in text


@pytest.mark.parametrize("page", PAGES)
def test_search_works(admin_client, outbox, page):
    outbox(0)
    assert admin_client.get(f"/admin/alerts/{page}/?q=hook").status_code == 200


def test_operators_resend_and_dismiss(admin_client, admin_user, outbox):
    outbox(0)
    delivery = Delivery.objects.filter(channel__type="webhook").get()
    page = "/admin/alerts/delivery/"
    chosen = {"_selected_action": [delivery.pk]}
    assert "Dismissed: 1" in admin_client.post(page, {"action": "dismiss", **chosen}, follow=True).content.decode()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.dismissed_by) == (DeliveryState.DISMISSED, admin_user)
    text = admin_client.post(page, {"action": "dismiss", **chosen}, follow=True).content.decode()
    assert "dismissed already" in text
    admin_client.post(page, {"action": "resend", **chosen})
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.PENDING
    assert delivery.next_attempt_at is not None


def test_operators_ask_again(admin_client, outbox):
    outbox(0)
    recipient = Recipient.objects.get()
    recipients.confirm(recipient=recipient, now=clock_now())
    posted = {"action": "ask_again", "_selected_action": [recipient.pk]}
    text = admin_client.post("/admin/alerts/recipient/", posted, follow=True).content.decode()
    assert "confirmed already" in text
