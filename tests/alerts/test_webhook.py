"""The webhook as a receiver sees it, checked by code that shares nothing with ours."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import FeedEvent
from alerts import services
from alerts.channels.catalogue import CATALOGUE
from alerts.models import Channel, Delivery, DeliveryState
from alerts.sending.recording import record_attempt
from alerts.sending.retries import MAX_ATTEMPTS
from common.clock import now as clock_now
from common.invalid import Invalid
from common.version import VERSION
from incidents.services import resolve_incident

pytestmark = pytest.mark.django_db


def attempt(delivery, now=None):
    """One try, as the sender makes it."""
    delivery = Delivery.objects.select_related("channel", "workspace").get(pk=delivery.pk)
    now = now or clock_now()
    outcome = CATALOGUE[delivery.channel.type].prepare(delivery, now=now)()
    record_attempt(
        delivery=delivery,
        outcome=outcome,
        started_at=now,
        latency_ms=1.0,
        sender_id="00000000-0000-0000-0000-000000000000",
        random=0.5,
        now=now,
    )
    delivery.refresh_from_db()
    return delivery


def standard_webhooks_accepts(secret, request):
    """The check of the Standard Webhooks specification, written from its text."""
    key = base64.b64decode(secret.split("_", 1)[1])
    content = b".".join([request.headers["webhook-id"].encode(), request.headers["webhook-timestamp"].encode()])
    expected = base64.b64encode(hmac.new(key, content + b"." + request.body, hashlib.sha256).digest()).decode()
    return any(one == f"v1,{expected}" for one in request.headers["webhook-signature"].split(" "))


def gochron_accepts(secret, request):
    expected = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    return request.headers["X-Gochron-Signature"] == f"sha256={expected}"


def test_body_and_headers_are_as_specified(monitor, open_on, add_webhook, sink, workspace):
    saved = add_webhook(monitor, sink.url(), headers={"X-Team": "shop"})
    incident = open_on(monitor)
    delivery = attempt(Delivery.objects.get())
    request = sink.received[0]
    body = json.loads(request.body)
    assert set(body) == {
        "id",
        "event",
        "createdAt",
        "incident",
        "monitor",
        "workspace",
        "ackUrl",
        "url",
    }
    assert body["event"] == "incident_open"
    assert body["id"] == request.headers["webhook-id"] == str(delivery.message_id)
    assert body["incident"]["id"] == incident.pk
    assert body["incident"]["cause"]["statusCode"] == 500
    assert body["monitor"]["name"] == "Shop"
    assert body["workspace"] == {"id": workspace.pk, "name": workspace.name}
    assert "/alerts/acknowledge/" in body["ackUrl"]
    assert body["createdAt"].endswith("Z")
    assert b"hush" not in request.body
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"] == f"websignal/{VERSION}"
    assert request.headers["X-Team"] == "shop"
    assert abs(int(request.headers["webhook-timestamp"]) - clock_now().timestamp()) < 5
    assert gochron_accepts(saved.secret, request)
    assert standard_webhooks_accepts(saved.secret, request)
    assert delivery.state == DeliveryState.DELIVERED


def test_a_rolled_secret_signs_along_for_a_day(monitor, open_on, add_webhook, sink, by_alice):
    old = add_webhook(monitor, sink.url())
    now = clock_now()
    new = services.roll_secret(rule=old.rule, by=by_alice, now=now)
    assert new.secret != old.secret
    open_on(monitor)
    attempt(Delivery.objects.get(), now=now + timedelta(hours=23))
    request = sink.received[0]
    assert standard_webhooks_accepts(old.secret, request)
    assert standard_webhooks_accepts(new.secret, request)
    assert gochron_accepts(new.secret, request)
    assert not gochron_accepts(old.secret, request)
    services.resend(delivery=Delivery.objects.get(), by=by_alice, now=now)
    attempt(Delivery.objects.get(), now=now + timedelta(hours=25))
    request = sink.received[1]
    assert standard_webhooks_accepts(new.secret, request)
    assert not standard_webhooks_accepts(old.secret, request)


def test_secret_and_headers_are_encrypted_at_rest(monitor, add_webhook, sink):
    saved = add_webhook(monitor, sink.url(), headers={"Authorization": "Bearer sesame"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT config FROM alerts_channel")
        stored = str(cursor.fetchall())
        cursor.execute("SELECT changes FROM accounts_auditentry")
        audit = str(cursor.fetchall())
    for hidden in (saved.secret, saved.secret[6:20], "sesame"):
        assert hidden not in stored
        assert hidden not in audit


def test_gone_disables_the_channel_and_ends_what_it_had(monitor, open_on, add_webhook, sink):
    sink.answers["/hook"] = (410, {}, b"moved out")
    saved = add_webhook(monitor, sink.url())
    incident = open_on(monitor)
    delivery = attempt(Delivery.objects.get())
    channel = Channel.objects.get(pk=saved.channel.pk)
    assert delivery.state == DeliveryState.FAILED
    assert not channel.is_enabled
    assert "410" in channel.disabled_reason
    assert "gone" in incident.events.get(type="DELIVERY").message


def test_what_nobody_gets_is_told_in_the_change_feed(monitor, open_on, add_webhook, sink):
    sink.answers["/hook"] = (410, {}, b"moved out")
    saved = add_webhook(monitor, sink.url())
    incident = open_on(monitor)
    resolve_incident(incident=incident, now=clock_now())
    first, second = Delivery.objects.order_by("pk")
    attempt(first)
    told = [one.data for one in FeedEvent.objects.filter(type="delivery_failed").order_by("pk")]
    assert [(one["deliveryId"], one["event"], one["attempts"]) for one in told] == [
        (first.pk, "incident_open", 1), (second.pk, "incident_resolved", 0),
    ]  # fmt: skip
    assert {(one["channelId"], one["channel"], one["incidentId"]) for one in told} == {
        (saved.channel.pk, "Hook", incident.pk)
    }
    assert all("410" in one["error"] for one in told)


def test_a_monitor_whose_only_channel_is_gone_alerts_the_owners(monitor, open_on, add_webhook, sink):
    saved = add_webhook(monitor, sink.url())
    Channel.objects.filter(pk=saved.channel.pk).update(is_enabled=False)
    open_on(monitor)
    assert Delivery.objects.get().channel.is_owners


def test_redirects_are_not_followed(monitor, open_on, add_webhook, sink):
    sink.answers["/hook"] = (302, {"Location": sink.url("/elsewhere")}, b"")
    add_webhook(monitor, sink.url())
    open_on(monitor)
    delivery = attempt(Delivery.objects.get())
    assert [one.path for one in sink.received] == ["/hook"]
    assert delivery.state == DeliveryState.PENDING
    assert "redirects are not followed" in delivery.attempts.get().error


def test_every_try_is_kept_and_the_twelfth_is_the_last(monitor, open_on, add_webhook, sink):
    sink.answers["/hook"] = (503, {}, b"come back later \x00 \xff")
    add_webhook(monitor, sink.url())
    incident = open_on(monitor)
    delivery, now = Delivery.objects.get(), clock_now()
    started = now
    for number in range(MAX_ATTEMPTS):
        assert delivery.state == DeliveryState.PENDING, number
        delivery = attempt(delivery, now=now)
        now = delivery.next_attempt_at or now
    assert delivery.state == DeliveryState.FAILED
    assert abs((now - started).total_seconds() - 24 * 3600) < 900
    assert delivery.attempts.count() == 12
    last = delivery.attempts.last()
    assert last.status_code == 503
    assert "come back later" in last.response_excerpt
    assert FeedEvent.objects.filter(type="delivery_failed").count() == 1
    assert "expired after 12 attempts" in incident.events.get(type="DELIVERY").message


def test_an_address_that_may_not_be_dialled_is_refused(monitor, open_on, add_webhook, sink, settings):
    add_webhook(monitor, sink.url())
    settings.PROBE_ALLOW_PRIVATE = False
    open_on(monitor)
    delivery = attempt(Delivery.objects.get())
    assert not sink.received
    assert "loopback" in delivery.attempts.get().error


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({}, ["/url"]),
        ({"url": "ftp://x"}, ["/url"]),
        ({"url": "https://" + "x" * 3000}, ["/url"]),
        ({"url": 5}, ["/url"]),
        ({"url": "http://169.254.169.254/"}, ["/url"]),
        ({"url": "https://a.example", "headers": []}, ["/headers"]),
        ({"url": "https://a.example", "headers": {"Host": "x"}}, ["/headers/Host"]),
        ({"url": "https://a.example", "headers": {"a b": "x", "X-A": "1\r\nX-B: 2"}}, ["/headers/a b", "/headers/X-A"]),
        ({"url": "https://a.example", "headers": {"X-A": "********"}}, ["/headers/X-A"]),
        ({"url": "https://a.example", "secret": "short"}, ["/secret"]),
        ({"url": "https://a.example", "secret": "whsec_!!"}, ["/secret"]),
        (
            {"url": "x", "events": ["nope"], "name": "", "reminder_seconds": 1, "secret": 7},
            ["/name", "/events/0", "/reminderSeconds", "/url", "/secret"],
        ),
    ],
)
def test_every_wrong_field_is_named_and_nothing_is_stored(monitor, by_alice, now, fields, pointers):
    with pytest.raises(Invalid) as caught:
        services.create_action_group(
            monitor=monitor, type="webhook", by=by_alice, now=now, fields={"name": "Hook", **fields}
        )
    assert [error.pointer for error in caught.value.errors] == pointers
    assert not Channel.objects.exists()


def test_a_masked_header_keeps_its_value(monitor, add_webhook, by_alice, now, sink):
    saved = add_webhook(monitor, sink.url(), headers={"Authorization": "Bearer sesame", "X-Old": "1"})
    edited = services.edit_action_group(
        rule=saved.rule, by=by_alice, now=now, fields={"headers": {"Authorization": "********", "X-New": "2"}}
    )
    assert edited.channel.config["headers"] == {"Authorization": "Bearer sesame", "X-New": "2"}
    assert edited.secret is None
    assert edited.channel.config["secret"] == saved.secret


def test_the_same_body_at_every_try(monitor, open_on, add_webhook, sink):
    sink.answers["/hook"] = (500, {}, b"")
    add_webhook(monitor, sink.url())
    open_on(monitor)
    attempt(Delivery.objects.get())
    attempt(Delivery.objects.get(), now=clock_now() + timedelta(hours=5))
    assert sink.received[0].body == sink.received[1].body
