"""Stripe's events: believed when signed, done once, and the same in every order."""

import json
import time
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import webhooks
from billing.limits import limits_of
from billing.models import StripeEvent, Subscription
from billing.selectors import subscription_of
from common.clock import now as clock_now
from tests.billing.conftest import SECRET
from tests.stripe_fake import ADDRESS, Stripe, signature

pytestmark = pytest.mark.django_db


def rows():
    """What the events came to, without ids that depend on who came first."""
    return sorted(
        Subscription.objects.values_list(
            "stripe_id", "workspace_id", "status", "price_id", "customer_id", "current_period_end", "is_ending",
            "payment_failed_at", "state_stamp", "owner_stamp", "payment_stamp",
        )
    )  # fmt: skip


def call(body, header):
    headers = {} if header is None else {"Stripe-Signature": header}
    return Client().post(ADDRESS, body, content_type="application/json", headers=headers)


def test_a_checkout_gives_the_plan(stripe_account, workspace):
    stripe_account.subscribe(workspace.pk)
    for event in stripe_account.events:
        answer = stripe_account.send(event)
        assert (answer.status_code, answer.json()) == (200, {"received": True})
    assert limits_of(workspace).plan == "Pro"
    assert subscription_of(workspace).current_period_end.timestamp() == stripe_account.at + 30 * 86_400


def test_a_subscription_that_ends_takes_the_plan_along(stripe_account, workspace):
    sub = stripe_account.subscribe(workspace.pk)
    stripe_account.later(60)
    stripe_account.changes(sub, cancel_at_period_end=True)
    stripe_account.later(60)
    stripe_account.changes(sub, status="canceled")
    for event in stripe_account.events:
        stripe_account.send(event)
    assert limits_of(workspace).plan == "Free"


def test_a_failed_payment_is_noted_and_a_later_one_clears_it(stripe_account, workspace):
    sub = stripe_account.subscribe(workspace.pk)
    stripe_account.later(60)
    stripe_account.invoiced("invoice.payment_failed", sub)
    for event in stripe_account.events:
        stripe_account.send(event)
    assert subscription_of(workspace).payment_failed_at.timestamp() == stripe_account.at
    stripe_account.later(60)
    stripe_account.invoiced("invoice.paid", sub)
    stripe_account.send(stripe_account.events[-1])
    assert subscription_of(workspace).payment_failed_at is None


def test_older_api_versions_are_understood(stripe_account, workspace):
    items = {"data": [{"price": {"id": "price_pro"}}]}
    said = {"id": "sub_9", "customer": "cus_1", "status": "active", "items": items, "current_period_end": 1_772_100_000}
    said["metadata"] = {"workspace_id": str(workspace.pk)}
    stripe_account.send(stripe_account.happens("customer.subscription.updated", said))
    stripe_account.send(stripe_account.happens("invoice.payment_failed", {"id": "in_1", "subscription": "sub_9"}))
    found = subscription_of(workspace)
    assert found.current_period_end.timestamp() == 1_772_100_000
    assert found.payment_failed_at is not None


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        "t=soon,v1=00",
        signature("{}", "whsec_other"),
        signature("{}", SECRET, at=int(time.time()) - 301),
        signature("{} ", SECRET),
        signature("{}", SECRET).replace("v1=", "v0="),
    ],
    ids=["none", "empty", "nonsense", "no time", "other secret", "too old", "other body", "other scheme"],
)
def test_what_is_not_signed_is_400_and_stored_nowhere(stripe_account, header):
    answer = call("{}", header)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["code"] == "signature"
    assert not StripeEvent.objects.exists()


def test_without_a_secret_nothing_is_believed(stripe_account, settings):
    settings.STRIPE_WEBHOOK_SECRET = []
    assert stripe_account.send(stripe_account.happens("ping", {})).status_code == 400
    assert not StripeEvent.objects.exists()


@pytest.mark.parametrize("body", ["[]", "5", "nothing", '{"id": 5}', '{"id": "evt_1", "type": "x", "created": 1}'])
def test_what_is_signed_and_no_event_is_400(stripe_account, body):
    answer = call(body, signature(body, SECRET))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "event"


def test_a_body_that_is_no_text_is_400(stripe_account):
    assert call(b"\xff\xfe", "t=1,v1=0").status_code == 400


def test_one_right_signature_of_several_is_enough_and_two_secrets_are_for_a_roll(stripe_account, settings):
    body = json.dumps(stripe_account.happens("ping", {}))
    assert call(body, signature(body, "whsec_old", SECRET)).status_code == 200
    settings.STRIPE_WEBHOOK_SECRET = ["whsec_new", SECRET]
    for secret in ("whsec_new", SECRET):
        assert call(body, signature(body, secret)).status_code == 200
    assert call(body, signature(body, "whsec_old")).status_code == 400


def test_a_key_for_idempotency_changes_nothing(stripe_account):
    body = json.dumps(stripe_account.happens("ping", {}))
    headers = {"Stripe-Signature": signature(body, SECRET), "Idempotency-Key": "k"}
    assert Client().post(ADDRESS, body, content_type="application/json", headers=headers).status_code == 200


def test_unknown_events_are_kept_and_ignored(stripe_account):
    stripe_account.send(stripe_account.happens("charge.refunded", {"id": "ch_1"}))
    kept = StripeEvent.objects.get()
    assert (kept.type, kept.state, kept.payload["data"]["object"]) == ("charge.refunded", "IGNORED", {"id": "ch_1"})


def test_an_event_counts_once_however_often_it_comes(stripe_account, workspace):
    stripe_account.subscribe(workspace.pk)
    for event in stripe_account.events * 2:
        assert stripe_account.send(event).status_code == 200
    assert StripeEvent.objects.count() == len(stripe_account.events)
    assert Subscription.objects.count() == 1


def test_what_cannot_be_worked_off_is_kept_and_run_again(stripe_account, workspace, monkeypatch):
    event = stripe_account.happens("customer.subscription.updated", {"id": "sub_1", "status": "frozen"})
    assert stripe_account.send(event).status_code == 200, "sending it again would not help"
    kept = StripeEvent.objects.get()
    assert kept.state == "FAILED"
    assert "frozen" in kept.error
    assert not Subscription.objects.exists()
    kept.payload["data"]["object"]["status"] = "active"
    kept.save()
    said = StringIO()
    call_command("rerun_stripe_events", stdout=said)
    assert "PROCESSED" in said.getvalue()
    assert Subscription.objects.get().status == "active"


def test_operators_run_events_again_in_the_admin(stripe_account, workspace, admin_client):
    stripe_account.subscribe(workspace.pk)
    for event in stripe_account.events:
        stripe_account.send(event)
    Subscription.objects.all().delete()
    chosen = {"action": "run_again", "_selected_action": list(StripeEvent.objects.values_list("pk", flat=True))}
    assert admin_client.post("/admin/billing/stripeevent/", chosen).status_code == 302
    assert limits_of(workspace).plan == "Pro"
    for page in ("stripeevent", "subscription", "plan", "price", "trial"):
        assert admin_client.get(f"/admin/billing/{page}/").status_code == 200
    assert admin_client.get(f"/admin/billing/stripeevent/{StripeEvent.objects.first().pk}/change/").status_code == 200


def test_running_an_old_event_again_undoes_nothing(stripe_account, workspace):
    sub = stripe_account.subscribe(workspace.pk)
    stripe_account.later(60)
    stripe_account.changes(sub, items={"data": [{"price": {"id": "price_team"}}]})
    for event in stripe_account.events:
        stripe_account.send(event)
    webhooks.run(event_id=StripeEvent.objects.earliest("pk").pk, now=clock_now())
    assert limits_of(workspace).plan == "Team"


def history(workspace_id):
    """A life of two subscriptions; much of it within the same second."""
    account = Stripe(SECRET)
    first = account.subscribe(workspace_id)
    account.changes(first, cancel_at_period_end=True)
    account.changes(first, cancel_at_period_end=False)
    account.later(5)
    account.invoiced("invoice.payment_failed", first)
    account.changes(first, status="past_due")
    account.invoiced("invoice.paid", first)
    account.subscribe(workspace_id, price="price_team", stripe_id="sub_2")
    account.changes(first, status="canceled")
    account.happens("charge.refunded", {"id": "ch_1"})
    return account.events


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_every_order_with_any_repeats_ends_the_same(workspace, plans, data):
    events = history(workspace.pk)

    def end_of(order):
        StripeEvent.objects.all().delete()
        Subscription.objects.all().delete()
        for event in order:
            webhooks.receive(event=event, now=clock_now())
        return rows()

    again = data.draw(st.lists(st.sampled_from(events), max_size=6))
    order = data.draw(st.permutations([*events, *again]))
    assert end_of(order) == end_of(events)
    assert limits_of(workspace).plan == "Team"


def test_the_fake_signs_as_stripe_documents_it(stripe_account):
    """HMAC-SHA256 over `timestamp.body` with the endpoint's secret, in hexadecimal, as `t=…,v1=…`."""
    import hashlib
    import hmac

    body, header = '{"id": "evt_1"}', signature('{"id": "evt_1"}', SECRET, at=1_772_000_000)
    expected = hmac.new(SECRET.encode(), b"1772000000." + body.encode(), hashlib.sha256).hexdigest()
    assert header == f"t=1772000000,v1={expected}"
