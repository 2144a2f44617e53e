"""The sender end to end: real receivers, real mail, both databases."""

import threading
import time

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.actor import SYSTEM
from alerts.models import Channel, Delivery, DeliveryState
from alerts.rules.services import create_rule
from alerts.sending.recording import record_attempts
from alerts.signatures import new_secret
from common.clock import now as clock_now
from incidents.services import acknowledge, resolve_incident

pytestmark = pytest.mark.django_db(transaction=True)


def test_webhook_and_email_of_one_incident_arrive_once_each(
    monitor, open_on, add_webhook, add_email, sink, smtp, sender, wait_until, by_alice
):
    add_webhook(monitor, sink.url(), events=["incident_open", "incident_acknowledged", "incident_resolved"])
    add_email(monitor, ["alice@example.org"], events=["incident_open", "incident_acknowledged", "incident_resolved"])
    sender.start()
    incident = open_on(monitor)
    wait_until(lambda: len(sink.received) == 1 and len(smtp.mails) == 1)
    acknowledge(incident=incident, by=by_alice, now=clock_now())
    wait_until(lambda: len(sink.received) == 2 and len(smtp.mails) == 2)
    resolve_incident(incident=incident, by=SYSTEM, now=clock_now(), reason="The check succeeds again")
    wait_until(lambda: not Delivery.objects.filter(next_attempt_at__isnull=False).exists())
    time.sleep(0.3)
    assert len(sink.received) == 3
    assert len(smtp.mails) == 3
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.DELIVERED}
    assert incident.events.filter(type="DELIVERY").count() == 6


def test_a_webhook_does_not_wait_for_the_next_look(monitor, open_on, add_webhook, sink, sender, wait_until):
    add_webhook(monitor, sink.url())
    sender.start()
    delays = []
    for _ in range(25):
        incident = open_on(monitor)
        committed = time.monotonic()
        count = len(sink.received)
        wait_until(lambda count=count: len(sink.received) > count)
        delays.append(sink.received[-1].at - committed)
        resolve_incident(incident=incident, by=SYSTEM, now=clock_now())
        wait_until(lambda: not Delivery.objects.filter(next_attempt_at__isnull=False).exists())
    print(f"webhook after commit: median {sorted(delays)[12] * 1000:.0f} ms, worst {max(delays) * 1000:.0f} ms")
    # By itself the sender looks once a second: then a fifth would wait for 0.8 s.
    assert sorted(delays)[20] < 0.5


def test_forty_hanging_receivers_delay_another_delivery_by_less_than_a_second(
    monitor, open_on, add_webhook, sink, sender, wait_until
):
    for number in range(40):
        add_webhook(monitor, sink.url(f"/hang/{number}"), name=f"Hanging {number}")
    add_webhook(monitor, sink.url("/good"), name="Good")
    sender.start()
    open_on(monitor)
    delay = wait_until(lambda: sink.at("/good"))
    print(f"good webhook beside 40 hanging ones: {delay * 1000:.0f} ms")
    assert delay < 1.0


def test_failing_channels_stay_in_their_own_lane(monitor, open_on, add_webhook, sink, sender, wait_until):
    for number in range(40):
        add_webhook(monitor, sink.url(f"/hang/{number}"), name=f"Hanging {number}")
    Channel.objects.update(is_failing=True)
    add_webhook(monitor, sink.url("/good"), name="Good")
    sender.start()
    open_on(monitor)
    delay = wait_until(lambda: sink.at("/good"))
    assert delay < 0.5
    time.sleep(1.0)
    assert len(sink.received) <= 1 + 16


def test_refused_smtp_connection_does_not_touch_the_webhook(
    monitor, open_on, add_webhook, add_email, sink, sender, wait_until, settings
):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    add_email(monitor, ["alice@example.org"])
    add_webhook(monitor, sink.url())
    sender.start()
    open_on(monitor)
    assert wait_until(lambda: sink.received) < 0.5
    email = Delivery.objects.get(channel__type="email")
    wait_until(lambda: email.attempts.exists())
    email.refresh_from_db()
    assert email.state == DeliveryState.PENDING
    assert "refused" in email.attempts.get().error
    assert email.next_attempt_at > timezone.now()


def test_one_channel_has_one_message_under_way(monitor, open_on, add_webhook, sink, sender, wait_until):
    add_webhook(monitor, sink.url("/hang"))
    sender.start()
    incident = open_on(monitor)
    wait_until(lambda: len(sink.received) == 1)
    resolve_incident(incident=incident, by=SYSTEM, now=clock_now())
    time.sleep(0.3)
    assert len(sink.received) == 1


def test_resolution_waits_for_the_opening(monitor, open_on, add_webhook, sink, sender, wait_until):
    sink.answers["/hook"] = (500, {}, b"busy")
    add_webhook(monitor, sink.url())
    sender.start()
    incident = open_on(monitor)
    opening = Delivery.objects.get()
    wait_until(lambda: opening.attempts.exists())
    resolve_incident(incident=incident, by=SYSTEM, now=clock_now())
    sink.answers.clear()
    time.sleep(0.3)
    assert len(sink.received) == 1
    Delivery.objects.filter(pk=opening.pk).update(next_attempt_at=clock_now())
    sender.wake()
    wait_until(lambda: len(sink.received) == 3)
    assert [b"incident_open" in one.body for one in sink.received] == [True, True, False]


def test_rows_of_a_rolled_back_transaction_are_never_sent(monitor, open_on, add_webhook, sink, sender):
    add_webhook(monitor, sink.url())
    sender.start()

    with transaction.atomic():
        open_on(monitor)
        assert Delivery.objects.count() == 1
        transaction.set_rollback(True)
    time.sleep(0.3)
    assert not sink.received
    assert not Delivery.objects.exists()


def test_a_broken_broker_does_not_break_the_incident(monitor, open_on, add_webhook, sink, monkeypatch, caplog):
    def refuse(*args, **kwargs):
        raise OSError("no broker")

    monkeypatch.setattr("alerts.sending.nudge.current_app.send_task", refuse)
    add_webhook(monitor, sink.url())
    open_on(monitor)
    assert Delivery.objects.get().state == DeliveryState.PENDING
    assert "broker" in caplog.text


def test_settings_that_cannot_be_decrypted_stop_their_own_channel_only(
    monitor, open_on, add_webhook, sink, sender, wait_until, django_db_blocker
):
    from django.db import connection

    broken = add_webhook(monitor, sink.url("/broken"), name="Broken")
    add_webhook(monitor, sink.url("/good"), name="Good")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE alerts_channel SET config = 'junk' WHERE id = %s", [broken.channel.pk])
    sender.start()
    open_on(monitor)
    wait_until(lambda: sink.at("/good"))
    delivery = Delivery.objects.get(channel=broken.channel.pk)
    wait_until(lambda: delivery.attempts.exists())
    assert "cannot be used" in delivery.attempts.get().error


def test_stop_waits_for_what_is_under_way_and_leaves_the_rest_to_its_lease(
    monitor, open_on, add_webhook, sink, sender, wait_until
):
    add_webhook(monitor, sink.url("/hang"))
    sender.start()
    open_on(monitor)
    wait_until(lambda: sink.received)
    started = time.monotonic()
    sender.stop(0.5)
    assert time.monotonic() - started < 1.5
    delivery = Delivery.objects.select_related("channel").get()
    assert delivery.next_attempt_at is not None
    assert delivery.channel.claimed_until > clock_now()


def test_a_stopped_sender_starts_again(monitor, open_on, add_webhook, sink, sender, wait_until):
    add_webhook(monitor, sink.url())
    sender.start()
    sender.stop(0.5)
    open_on(monitor)
    time.sleep(0.2)
    assert not sink.received
    sender.wake()
    wait_until(lambda: sink.received)


def test_an_answer_that_cannot_be_recorded_holds_back_none_of_its_batch(
    monitor, open_on, add_webhook, sink, sender, wait_until, monkeypatch, caplog
):
    def record(attempts, **more):
        if any(one.delivery.channel.name == "Poison" and one.outcome.status_code for one in attempts):
            raise ValueError("cannot be stored")
        record_attempts(attempts, **more)

    monkeypatch.setattr("alerts.sending.sender.record_attempts", record)
    add_webhook(monitor, sink.url(), name="Poison")
    for number in range(9):
        add_webhook(monitor, sink.url(), name=f"Hook {number}")
    open_on(monitor)
    sender.start()
    wait_until(lambda: Delivery.objects.filter(state=DeliveryState.DELIVERED).count() == 10)
    assert len(sink.received) == 10
    (poison,) = Delivery.objects.get(channel__name="Poison").attempts.all()
    assert poison.error == "The answer could not be stored."
    assert "cannot be recorded" in caplog.text


def test_three_hundred_hanging_receivers_in_the_healthy_lane_leave_room_for_another(
    monitor, open_on, workspace, add_webhook, sink, sender, wait_until
):
    hanging = Channel.objects.bulk_create(
        Channel(
            workspace=workspace, name="Hanging", type="webhook",
            config={"url": sink.url("/hang"), "headers": {}, "secret": new_secret()},
        )
        for _ in range(300)
    )  # fmt: skip
    create_rule(workspace=workspace, by=SYSTEM, fields={"name": "All", "channel_ids": [one.pk for one in hanging]})
    add_webhook(monitor, sink.url("/good"), name="Good")
    sender.start()
    open_on(monitor)
    wait_until(lambda: sink.at("/good"))
    names = {f"alert-{pk}" for pk in Delivery.objects.values_list("pk", flat=True)}
    assert not names & {one.name for one in threading.enumerate()}
