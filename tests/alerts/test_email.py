"""Emails on a real SMTP conversation: words, threads, who gets them and who does not."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from accounts.actor import SYSTEM
from alerts import services
from alerts.channels.catalogue import CATALOGUE
from alerts.models import Delivery, DeliveryState, Recipient
from alerts.recipients import addresses as recipients
from alerts.sending.recording import record_attempt
from common.clock import now as clock_now
from common.invalid import Conflict, Invalid
from incidents.models import Incident
from incidents.raising import Raise, raise_incidents
from incidents.services import resolve_incident

pytestmark = pytest.mark.django_db


def attempt(delivery, now=None):
    """One try, as the sender makes it."""
    delivery = Delivery.objects.select_related("channel", "workspace").get(pk=delivery.pk)
    now = now or clock_now()
    record_attempt(
        delivery=delivery,
        outcome=CATALOGUE["email"].prepare(delivery, now=now)(),
        started_at=now,
        latency_ms=1.0,
        sender_id="00000000-0000-0000-0000-000000000000",
        random=0.5,
        now=now,
    )
    delivery.refresh_from_db()
    return delivery


def parsed(content):
    return message_from_bytes(content, policy=default)


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def html_of(mail):
    return mail.get_body(("html",)).get_content()


def test_the_mail_says_times_of_a_sentence_in_the_readers_zone(monitor, open_on, add_email, smtp, alice):
    add_email(monitor, ["alice@example.org"])
    alice.timezone = "Europe/Berlin"
    alice.save()
    open_on(monitor)
    delivery = Delivery.objects.get()
    delivery.payload["incident"]["title"] = "Shop: the certificate expires in 3 days, on 30 Nov 2026, 20:11 UTC"
    delivery.save()
    attempt(delivery)
    mail = parsed(smtp.to("alice@example.org")[0])
    assert "on 30 Nov 2026, 21:11 CET" in text_of(mail)
    assert "on 30 Nov 2026, 21:11 CET" in html_of(mail)


def test_the_mail_says_what_where_since_when_and_what_changed(monitor, open_on, add_email, smtp, alice):
    add_email(monitor, ["alice@example.org"])
    alice.timezone = "Europe/Berlin"
    alice.save()
    incident = open_on(monitor)
    delivery = attempt(Delivery.objects.get())
    assert delivery.state == DeliveryState.DELIVERED
    mail = parsed(smtp.to("alice@example.org")[0])
    assert mail["Subject"] == "Down: Shop — HTTP 500"
    assert mail["Message-ID"] == f"<{delivery.message_id}@localhost>"
    assert mail["Auto-Submitted"] == "auto-generated"
    for part in (text_of(mail), html_of(mail)):
        assert "Shop: HTTP 500" in part
        assert "HTTP 200 in 51 ms" in part
        assert "HTTP 500 in 84 ms" in part
        assert "CET" in part
        assert f"/incidents/{incident.pk}" in part
        assert "/alerts/acknowledge/" in part
        assert "hush" not in part
    assert "&lt;" not in text_of(mail)


def test_mails_of_one_incident_are_one_thread(monitor, open_on, add_email, smtp):
    add_email(monitor, ["alice@example.org"])
    now = clock_now()
    incident = open_on(monitor, at=now - timedelta(minutes=3, seconds=12))
    attempt(Delivery.objects.get())
    resolve_incident(incident=incident, by=SYSTEM, now=now)
    attempt(Delivery.objects.get(event="incident_resolved"))
    first, second = (parsed(content) for content in smtp.to("alice@example.org"))
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert second["Message-ID"] != first["Message-ID"]
    assert second["Subject"] == "Up: Shop — after 3 min 12 s"
    assert "/alerts/acknowledge/" not in text_of(second)


def test_what_becomes_worse_is_told_in_the_thread_of_its_opening(monitor, open_on, add_email, smtp):
    add_email(monitor, ["alice@example.org"])
    incident = open_on(monitor)
    Incident.objects.update(severity="WARNING")
    raise_incidents([Raise(incident.pk, "CRITICAL", "Shop: HTTP 503", "HTTP 503")], now=clock_now())
    for delivery in Delivery.objects.order_by("pk"):
        attempt(delivery)
    first, second = map(parsed, smtp.to("alice@example.org"))
    assert (first["In-Reply-To"], second["In-Reply-To"]) == (None, first["Message-ID"])
    assert (second["Subject"], text_of(second).count("Now critical: HTTP 503")) == ("Down: Shop — HTTP 503", 1)


def test_a_name_cannot_break_headers_or_html(monitor, open_on, add_email, smtp):
    monitor.name = "<b>Shop</b>"
    monitor.save()
    add_email(monitor, ["alice@example.org"])
    incident = open_on(monitor)
    delivery = Delivery.objects.get()
    delivery.payload["incident"]["title"] = "<b>Shop</b>: bad\r\nBcc: all@example.org"
    delivery.save()
    attempt(delivery)
    mail = parsed(smtp.mails[0][1])
    assert mail["Bcc"] is None
    assert "<b>Shop" not in html_of(mail)
    assert "<b>Shop" in text_of(mail)
    assert incident.title.startswith("<b>")


def test_one_conversation_carries_all_recipients_each_their_own_mail(monitor, open_on, add_email, smtp, bob):
    add_email(monitor, ["alice@example.org", "bob@example.org"])
    open_on(monitor)
    attempt(Delivery.objects.get())
    assert smtp.conversations == 1
    assert [recipients for recipients, _ in smtp.mails] == [["alice@example.org"], ["bob@example.org"]]


def test_a_refused_recipient_is_recorded_and_the_others_have_it(monitor, open_on, add_email, smtp, bob):
    smtp.refusals["bob@example.org"] = "550 No such user"
    add_email(monitor, ["bob@example.org", "alice@example.org"])
    open_on(monitor)
    delivery = attempt(Delivery.objects.get())
    assert delivery.state == DeliveryState.DELIVERED
    assert delivery.reached == ["alice@example.org"]
    assert "bob@example.org: 550 No such user" in delivery.attempts.get().error


def test_who_has_it_gets_no_second_when_the_others_are_tried_again(monitor, open_on, add_email, smtp, bob):
    smtp.refusals["bob@example.org"] = "451 Try later"
    add_email(monitor, ["bob@example.org", "alice@example.org"])
    open_on(monitor)
    delivery = attempt(Delivery.objects.get())
    assert delivery.state == DeliveryState.PENDING
    smtp.refusals.clear()
    delivery = attempt(delivery, now=clock_now() + timedelta(minutes=1))
    assert delivery.state == DeliveryState.DELIVERED
    assert len(smtp.to("alice@example.org")) == 1
    assert len(smtp.to("bob@example.org")) == 1
    assert sorted(delivery.reached) == ["alice@example.org", "bob@example.org"]


def test_without_a_server_the_delivery_waits_and_says_so(monitor, open_on, add_email, settings):
    settings.EMAIL_HOST = ""
    add_email(monitor, ["alice@example.org"])
    open_on(monitor)
    delivery = attempt(Delivery.objects.get())
    assert delivery.state == DeliveryState.PENDING
    assert delivery.attempts.get().error == "No SMTP server is set: set EMAIL_HOST"


def test_a_monitor_that_no_rule_covers_alerts_the_owners(monitor, open_on, smtp, bob):
    incident = open_on(monitor)
    delivery = attempt(Delivery.objects.get())
    assert delivery.channel.is_owners
    assert [recipients for recipients, _ in smtp.mails] == [["alice@example.org"]]
    resolve_incident(incident=incident, by=SYSTEM, now=clock_now())
    assert Delivery.objects.get(event="incident_resolved").channel == delivery.channel


def test_strangers_confirm_before_they_get_alerts(monitor, open_on, add_email, smtp, workspace, client, settings):
    add_email(monitor, ["ops@elsewhere.example", "alice@example.org"])
    assert Recipient.objects.get().address == "ops@elsewhere.example"
    assert recipients.send_due_questions(now=clock_now()) == 1
    question = parsed(smtp.to("ops@elsewhere.example")[0])
    assert workspace.name in question["Subject"]
    open_on(monitor)
    delivery = attempt(Delivery.objects.get())
    assert delivery.reached == ["alice@example.org"]
    assert "Not confirmed yet: ops@elsewhere.example" in delivery.attempts.get().error
    link = next(word for word in text_of(question).split() if "/alerts/confirm/" in word)
    path = link.removeprefix(settings.PUBLIC_URL)
    assert "Confirm" in client.get(path).content.decode()
    assert not recipients.confirmed(workspace, ["ops@elsewhere.example"])
    assert client.post(path).status_code == 200
    assert recipients.confirmed(workspace, ["ops@elsewhere.example"])
    assert recipients.send_due_questions(now=clock_now()) == 0


def test_with_nobody_confirmed_the_delivery_waits_and_goes_when_one_does(monitor, open_on, add_email, smtp):
    add_email(monitor, ["ops@elsewhere.example"])
    open_on(monitor)
    now = clock_now()
    delivery = attempt(Delivery.objects.get(), now=now)
    assert delivery.state == DeliveryState.PENDING
    assert delivery.attempts.get().error == "Not confirmed yet: ops@elsewhere.example"
    recipients.confirm(recipient=Recipient.objects.get(), now=now)
    delivery.refresh_from_db()
    assert delivery.next_attempt_at == now
    assert attempt(delivery, now=now).state == DeliveryState.DELIVERED


def test_a_question_that_could_not_leave_is_tried_again(monitor, add_email, settings):
    settings.EMAIL_HOST = ""
    add_email(monitor, ["ops@elsewhere.example"])
    now = clock_now()
    recipients.send_due_questions(now=now)
    recipient = Recipient.objects.get()
    assert "EMAIL_HOST" in recipient.ask_error
    assert recipient.ask_at > now
    assert recipient.asked_at is None


def test_asking_again_waits_ten_minutes(monitor, add_email, smtp):
    add_email(monitor, ["ops@elsewhere.example"])
    now = clock_now()
    recipients.send_due_questions(now=now)
    recipient = Recipient.objects.get()
    with pytest.raises(Conflict):
        recipients.ask_again(recipient=recipient, now=now + timedelta(minutes=9))
    recipients.ask_again(recipient=recipient, now=now + timedelta(minutes=10))
    recipients.send_due_questions(now=now + timedelta(minutes=10))
    assert len(smtp.mails) == 2
    recipients.confirm(recipient=recipient, now=now)
    with pytest.raises(Conflict):
        recipients.ask_again(recipient=recipient, now=now + timedelta(hours=1))


@pytest.mark.parametrize(
    ("given", "pointers"),
    [
        (None, ["/recipients"]),
        ([], ["/recipients"]),
        ("alice@example.org", ["/recipients"]),
        (["a@b.example"] * 21, ["/recipients"]),
        (["alice@example.org", "nobody", 5], ["/recipients/1", "/recipients/2"]),
        (["a@b.example\r\nBcc: c@d.example"], ["/recipients/0"]),
    ],
)
def test_wrong_recipients_are_named(monitor, by_alice, now, given, pointers):
    with pytest.raises(Invalid) as caught:
        services.create_action_group(
            monitor=monitor, type="email", by=by_alice, now=now, fields={"name": "Mail", "recipients": given}
        )
    assert [error.pointer for error in caught.value.errors] == pointers
    assert not Recipient.objects.exists()


def test_addresses_count_once_whatever_their_case(monitor, add_email):
    saved = add_email(monitor, ["Alice@Example.org", "alice@example.org "])
    assert saved.channel.config == {"recipients": ["alice@example.org"]}
    assert not Recipient.objects.exists()
