"""Turns Stripe's events into subscriptions. Every order of the same events ends in the same rows.

Each event writes one group of fields, and only when its stamp is not below the one that wrote them last. A stamp says
whether the state is final, when the event happened at Stripe, and, for the many that share a second, an order that is
the same on every machine.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from accounts.models import Workspace
from billing.models import Subscription, SubscriptionStatus

Event = dict[str, Any]
# What no later event undoes: a subscription that ended is never revived under its id.
_FINAL = {SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED}
_ORDER = {"customer.subscription.created": 0, "customer.subscription.updated": 1, "customer.subscription.deleted": 2}


def apply(event: Event) -> bool:
    """Writes what the event says; False for a type that says nothing here. Runs in the caller's transaction."""
    handler = _HANDLERS.get(event["type"])
    if handler is None:
        return False
    handler(event, event["data"]["object"])
    return True


def _subscription(event: Event, said: dict[str, Any]) -> None:
    row = _held(said["id"])
    _name_owner(row, event, (said.get("metadata") or {}).get("workspace_id"))
    stamp = _stamp(event, is_final=said.get("status") in _FINAL)
    if stamp >= row.state_stamp:
        row.state_stamp = stamp
        row.status = SubscriptionStatus(said["status"])
        row.customer_id = str(said.get("customer") or "")
        row.price_id = _price_of(said)
        row.current_period_end = _period_end(said)
        row.is_ending = bool(said.get("cancel_at_period_end") or said.get("cancel_at"))
    row.save()


def _checkout(event: Event, said: dict[str, Any]) -> None:
    if said.get("mode") != "subscription" or not said.get("subscription"):
        return
    row = _held(str(said["subscription"]))
    _name_owner(row, event, said.get("client_reference_id"))
    row.save()


def _invoice(event: Event, said: dict[str, Any]) -> None:
    stripe_id = _subscription_of(said)
    if stripe_id is None:
        return
    row = _held(stripe_id)
    stamp = _stamp(event)
    if stamp >= row.payment_stamp:
        row.payment_stamp = stamp
        has_failed = event["type"] == "invoice.payment_failed"
        row.payment_failed_at = _instant(event["created"]) if has_failed else None
    row.save()


_HANDLERS: dict[str, Callable[[Event, dict[str, Any]], None]] = {
    **dict.fromkeys(_ORDER, _subscription),
    "checkout.session.completed": _checkout,
    "invoice.paid": _invoice,
    "invoice.payment_failed": _invoice,
}


def _held(stripe_id: str) -> Subscription:
    """The row, made where there is none, locked: two events about it wait for each other."""
    Subscription.objects.bulk_create([Subscription(stripe_id=stripe_id)], ignore_conflicts=True)
    return Subscription.objects.select_for_update(of=("self",)).get(stripe_id=stripe_id)


def _name_owner(row: Subscription, event: Event, workspace_id: Any) -> None:
    """Whose it is, as the last event that names a workspace says."""
    named = str(workspace_id or "")
    stamp = _stamp(event)
    if not (named.isascii() and named.isdigit() and len(named) < 19) or stamp < row.owner_stamp:
        return
    found = Workspace.objects.filter(pk=int(named)).first()
    if found is not None:
        row.workspace, row.owner_stamp = found, stamp


def _stamp(event: Event, *, is_final: bool = False) -> str:
    return f"{int(is_final)}:{event['created']:012d}:{_ORDER.get(event['type'], 0)}:{event['id']}"


def _price_of(said: dict[str, Any]) -> str:
    items = (said.get("items") or {}).get("data") or [{}]
    return str((items[0].get("price") or {}).get("id") or "")


def _period_end(said: dict[str, Any]) -> datetime | None:
    """On the subscription up to API version 2025-02-24, on its items since."""
    items = (said.get("items") or {}).get("data") or [{}]
    at = said.get("current_period_end") or items[0].get("current_period_end")
    return _instant(at) if at else None


def _subscription_of(invoice: dict[str, Any]) -> str | None:
    """On the invoice up to API version 2025-02-24, on its parent since."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    found = invoice.get("subscription") or details.get("subscription")
    return str(found) if found else None


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
