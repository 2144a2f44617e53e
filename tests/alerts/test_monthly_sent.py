"""What arrives of a monthly report: a mail with its PDF, a webhook with numbers, one line by SMS."""

import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from uuid import uuid4

import pytest

from alerts import channel_services, services
from alerts.channels.catalogue import CATALOGUE
from alerts.models import Delivery, DeliveryState, MonthlyReport, PhoneNumber, ReportPurpose
from alerts.monthly import making as monthly
from alerts.monthly import schedules as report_schedules
from alerts.sending.recording import record_attempt
from monitors.models import StatusChange
from monitors.services import create_monitor

pytestmark = pytest.mark.django_db
DUE = datetime(2026, 4, 1, 7, tzinfo=UTC)
NASTY = "Läden <b>&店"


@pytest.fixture
def sites(workspace, by_alice):
    """Two monitors, one of them down for a day of March."""
    made = []
    for name in (NASTY, "Blog"):
        fields = {"name": name, "type": "http", "settings": {"url": "https://shop.example/"}}
        made.append(create_monitor(workspace=workspace, by=by_alice, now=DUE, fields=fields))
        StatusChange.objects.create(monitor=made[-1], at=datetime(2026, 2, 1, tzinfo=UTC), before="NEW", after="OK")
    down = datetime(2026, 3, 10, tzinfo=UTC)
    StatusChange.objects.create(monitor=made[0], at=down, before="OK", after="DOWN")
    StatusChange.objects.create(monitor=made[0], at=down + timedelta(days=1), before="DOWN", after="OK")
    return made


@pytest.fixture
def send(workspace, by_alice, sites):
    """`send(type, config, …)`: the delivery of a report made now to such a channel."""

    def made(type, config, **fields):
        channel = channel_services.create_channel(
            workspace=workspace, by=by_alice, now=DUE, fields={"name": "Boss", "type": type, "config": config}
        ).channel
        schedule = report_schedules.create_report_schedule(
            workspace=workspace, by=by_alice, now=DUE, fields={"name": "Sites", "channel_id": channel.pk, **fields}
        )
        report_schedules.ask_for_report(schedule=schedule, purpose=ReportPurpose.BY_HAND, by=by_alice, now=DUE)
        assert monthly.make_due(clock=lambda: DUE) == 1
        return Delivery.objects.get()

    return made


def attempt(delivery, now=DUE):
    """One try, as the sender makes it."""
    delivery = Delivery.objects.select_related("channel", "workspace").get(pk=delivery.pk)
    outcome = CATALOGUE[delivery.channel.type].prepare(delivery, now=now)()
    record_attempt(
        delivery=delivery, outcome=outcome, started_at=now, latency_ms=1.0, sender_id=uuid4(), random=0.5, now=now
    )
    delivery.refresh_from_db()
    return delivery


def test_the_mail_shows_figures_and_brings_the_pdf(send, smtp):
    delivery = attempt(send("email", {"recipients": ["alice@example.org"]}))
    assert delivery.state == DeliveryState.DELIVERED
    mail = message_from_bytes(smtp.to("alice@example.org")[0], policy=default)
    assert mail["Subject"] == "Sites, March 2026: 98.387 % available"
    assert mail["Message-ID"] == f"<{delivery.message_id}@localhost>"
    html, text = (mail.get_body((kind,)).get_content() for kind in ("html", "plain"))
    assert "Läden &lt;b&gt;&amp;店" in html
    assert "<b>" not in html
    report = MonthlyReport.objects.get()
    for words in ("98.387 %", "96.774 %", "1 d in 1", f"/reports/{report.pk}", "2 monitors, 1 downtime, 1 d in all."):
        assert words in html, words
        assert words in text, words
    assert "The month before: 100 %." in text
    (attached,) = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("report-2026-03.pdf", "application/pdf")
    assert attached.get_content() == bytes(report.pdf)
    assert attached.get_content().startswith(b"%PDF-")


def test_the_pdf_of_one_monitor_is_its_performance_report(send, sites):
    send("webhook", {"url": "https://hooks.example/"}, covers="monitors", monitor_ids=[sites[1].pk])
    assert b"/Title (Report: Blog)" in bytes(MonthlyReport.objects.get().pdf)


def test_an_address_that_has_not_confirmed_gets_nothing(send, smtp):
    delivery = attempt(send("email", {"recipients": ["alice@example.org", "boss@elsewhere.example"]}))
    assert delivery.state == DeliveryState.DELIVERED
    assert delivery.reached == ["alice@example.org"]
    assert smtp.to("boss@elsewhere.example") == []
    assert "Not confirmed yet: boss@elsewhere.example" in delivery.attempts.get().error


def test_a_mail_server_that_refuses_for_now_is_tried_again_and_nobody_gets_it_twice(send, smtp, bob):
    smtp.refusals["bob@example.org"] = "451 Later"
    delivery = attempt(send("email", {"recipients": ["alice@example.org", "bob@example.org"]}))
    assert delivery.state == DeliveryState.PENDING
    assert delivery.next_attempt_at > DUE
    smtp.refusals.clear()
    assert attempt(delivery, DUE + timedelta(minutes=5)).state == DeliveryState.DELIVERED
    assert (len(smtp.to("alice@example.org")), len(smtp.to("bob@example.org"))) == (1, 1)


def test_the_webhook_has_the_numbers_and_the_address_of_the_report(send, sink):
    delivery = attempt(send("webhook", {"url": sink.url()}))
    assert delivery.state == DeliveryState.DELIVERED
    (request,) = sink.received
    body, report = json.loads(request.body), MonthlyReport.objects.get()
    assert (body["event"], body["incident"], body["monitor"], body["ackUrl"]) == ("monthly_report", None, None, None)
    assert body["url"] == body["report"]["url"]
    assert body["url"].endswith(f"/reports/{report.pk}")
    assert body["report"]["month"] == "2026-03"
    assert body["report"]["availability"] == report.content["availability"]
    assert [one["name"] for one in body["report"]["monitors"]] == [NASTY, "Blog"]
    assert request.headers["webhook-id"] == str(delivery.message_id)


def test_a_receiver_that_fails_gets_the_same_message_again(send, sink):
    sink.answers["/hook"] = (503, {}, b"busy")
    delivery = attempt(send("webhook", {"url": sink.url()}))
    assert (delivery.state, delivery.attempts_made) == (DeliveryState.PENDING, 1)
    sink.answers.clear()
    assert attempt(delivery, DUE + timedelta(minutes=1)).state == DeliveryState.DELIVERED
    first, second = sink.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_a_receiver_that_is_gone_ends_it(send, sink):
    sink.answers["/hook"] = (410, {}, b"")
    delivery = attempt(send("webhook", {"url": sink.url()}))
    assert delivery.state == DeliveryState.FAILED
    delivery.channel.refresh_from_db()
    assert not delivery.channel.is_enabled


def test_the_sms_is_one_line_with_a_link(sites, twilio, workspace, by_alice):
    fields = {"name": "Boss", "phone_numbers": ["+4930123456"]}
    made = services.create_action_group(monitor=sites[0], type="sms", by=by_alice, now=DUE, fields=fields)
    PhoneNumber.objects.filter(workspace=workspace).update(confirmed_at=DUE)
    schedule = report_schedules.create_report_schedule(
        workspace=workspace, by=by_alice, now=DUE, fields={"name": "Sites", "channel_id": made.channel.pk}
    )
    report_schedules.ask_for_report(schedule=schedule, purpose=ReportPurpose.BY_HAND, by=by_alice, now=DUE)
    monthly.make_due(clock=lambda: DUE)
    delivery = attempt(Delivery.objects.get())
    assert delivery.state == DeliveryState.DELIVERED
    url = delivery.payload["report"]["url"]
    assert twilio.to("+4930123456") == [f"Sites, March 2026: 98.387 % available\n{url}"]


@pytest.mark.django_db(transaction=True)
def test_the_sender_of_a_process_delivers_it(send, sink, sender, wait_until):
    send("webhook", {"url": sink.url()})
    Delivery.objects.update(next_attempt_at=datetime(2026, 1, 1, tzinfo=UTC))
    sender.start()
    wait_until(lambda: Delivery.objects.get().state == DeliveryState.DELIVERED)
    assert len(sink.received) == 1


def test_rules_name_no_report(sites, by_alice, add_webhook):
    from common.invalid import Invalid

    with pytest.raises(Invalid):
        services.create_action_group(
            monitor=sites[0], type="webhook", by=by_alice, now=DUE,
            fields={"name": "x", "url": "https://hooks.example/", "events": ["monthly_report"]},
        )  # fmt: skip
