"""Believes what Stripe signed, and nothing else."""

import json
from typing import Any

import stripe
from django.conf import settings

from common.invalid import FieldError, Invalid

TOLERANCE_SECONDS = 300


def verified(body: bytes, header: str) -> dict[str, Any]:
    """The event in `body`, signed with one of STRIPE_WEBHOOK_SECRET within 5 minutes. Raises Invalid."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise _wrong("The body is not UTF-8.") from None
    if not any(_is_signed(text, header, secret) for secret in settings.STRIPE_WEBHOOK_SECRET):
        raise _wrong("Stripe-Signature is missing, too old, or not made with a secret that is set here.")
    return _event(text)


def _is_signed(text: str, header: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(text, header, secret, TOLERANCE_SECONDS)
    except (stripe.SignatureVerificationError, ValueError):
        return False
    return True


def _event(text: str) -> dict[str, Any]:
    try:
        event = json.loads(text)
        sound = isinstance(event["id"], str) and isinstance(event["type"], str) and isinstance(event["created"], int)
        sound = sound and 0 < len(event["id"]) <= 120 and len(event["type"]) <= 120
        sound = sound and isinstance(event["data"]["object"], dict)
    except (ValueError, KeyError, TypeError):
        sound = False
    if not sound:
        raise Invalid([FieldError("", "event", "This is no Stripe event.")])
    return dict(event)


def _wrong(detail: str) -> Invalid:
    return Invalid([FieldError("", "signature", detail)])
