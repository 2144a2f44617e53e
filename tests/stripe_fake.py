"""A Stripe of this machine: keeps subscriptions as they change, and sends what it would send, signed as it signs."""

import itertools
import json
import time

import stripe
from django.test import Client

ADDRESS = "/api/v1/stripewebhook"


class Stripe:
    """Subscriptions by id, and the event of each change. `events` are in the order in which they happened."""

    def __init__(self, secret, at=1_772_000_000):
        self.secret, self.at = secret, at
        self.subscriptions, self.events = {}, []
        self._count = itertools.count(1)

    def subscribe(self, workspace_id, price="price_pro", stripe_id="sub_1"):
        """A person goes through Checkout: a subscription, its first invoice, the end of the session."""
        self.subscriptions[stripe_id] = {
            "id": stripe_id, "object": "subscription", "customer": "cus_1", "status": "incomplete",
            "cancel_at_period_end": False, "metadata": {},
            "items": {"data": [{"price": {"id": price}, "current_period_end": self.at + 30 * 86_400}]},
        }  # fmt: skip
        self.happens("customer.subscription.created", self.subscriptions[stripe_id])
        self.changes(stripe_id, status="active")
        self.invoiced("invoice.paid", stripe_id)
        session = {"id": "cs_1", "object": "checkout.session", "mode": "subscription", "subscription": stripe_id}
        self.happens("checkout.session.completed", session | {"client_reference_id": str(workspace_id)})
        return stripe_id

    def changes(self, stripe_id, **fields):
        self.subscriptions[stripe_id] |= fields
        kind = "deleted" if fields.get("status") == "canceled" else "updated"
        self.happens(f"customer.subscription.{kind}", self.subscriptions[stripe_id])

    def invoiced(self, type, stripe_id):
        parent = {"type": "subscription_details", "subscription_details": {"subscription": stripe_id}}
        self.happens(type, {"id": "in_1", "object": "invoice", "customer": "cus_1", "parent": parent})

    def happens(self, type, said):
        event = {
            "id": f"evt_{next(self._count):04}", "object": "event", "type": type, "created": self.at,
            "api_version": "2025-03-31.basil", "livemode": False, "pending_webhooks": 1,
            "data": {"object": json.loads(json.dumps(said))},
        }  # fmt: skip
        self.events.append(event)
        return event

    def later(self, seconds):
        self.at += seconds

    def send(self, event, **options):
        """One call of the webhook, as over the network."""
        body = json.dumps(event)
        header = signature(body, options.pop("secret", self.secret), **options)
        return Client().post(ADDRESS, body, content_type="application/json", headers={"Stripe-Signature": header})


def signature(body, *secrets, at=None):
    """`Stripe-Signature` of a body (v1, HMAC-SHA256 of timestamp and body), made with Stripe's own library."""
    at = int(time.time()) if at is None else at
    signed = [stripe.WebhookSignature._compute_signature(f"{at}.{body}", secret) for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={one}" for one in signed)])
