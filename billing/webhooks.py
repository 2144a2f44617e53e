"""Keeps Stripe's events and works them off: each once, in whatever order they arrive."""

import logging
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, transaction

from billing import stripe_objects
from billing.models import EventState, StripeEvent

log = logging.getLogger("websignal.billing")


def receive(*, event: dict[str, Any], now: datetime) -> StripeEvent:
    """Stores a verified event, once however often it comes, and works it off.

    One that cannot be worked off stays as FAILED, to be run again; it is no reason for Stripe to send it again.
    """
    row = StripeEvent(
        stripe_id=event["id"],
        type=event["type"],
        created_at=datetime.fromtimestamp(event["created"], UTC),
        payload=event,
        received_at=now,
    )
    StripeEvent.objects.bulk_create([row], ignore_conflicts=True)
    kept = StripeEvent.objects.get(stripe_id=event["id"])
    if kept.state in (EventState.PROCESSED, EventState.IGNORED):
        return kept
    return run(event_id=kept.pk, now=now)


def run(*, event_id: int, now: datetime) -> StripeEvent:
    """Works an event off, also again: what a later event has written stays."""
    try:
        return _run(event_id, now)
    except DatabaseError:
        raise
    except Exception as error:
        log.exception("Stripe event %d could not be worked off", event_id)
        said = f"{type(error).__name__}: {error}"[:300]
        StripeEvent.objects.filter(pk=event_id).update(state=EventState.FAILED, error=said, processed_at=now)
        return StripeEvent.objects.get(pk=event_id)


@transaction.atomic
def _run(event_id: int, now: datetime) -> StripeEvent:
    row = StripeEvent.objects.select_for_update().get(pk=event_id)
    is_known = stripe_objects.apply(row.payload)
    row.state, row.error, row.processed_at = EventState.PROCESSED if is_known else EventState.IGNORED, "", now
    row.save(update_fields=["state", "error", "processed_at"])
    return row
