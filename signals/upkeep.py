"""Drops what is too old to keep: raw signals past their retention, tickets that nobody used."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q

from signals.models import Signal, StreamTicket

DELETED_AT_ONCE = 5_000


def drop_old_signals(*, now: datetime) -> int:
    """Deletes raw signals past their retention, a batch at a time in the order they came; returns how many.

    One that has had no effect yet is kept, however old: it is settled first.
    """
    before = now - timedelta(days=settings.RESULT_RETENTION_DAYS)
    last, dropped = 0, 0
    while oldest := list(
        Signal.objects.filter(pk__gt=last).order_by("pk").values_list("pk", "created_at")[:DELETED_AT_ONCE]
    ):
        old = [pk for pk, created_at in oldest if created_at < before]
        waiting = Q(pk__gt=F("heartbeat__state__settled_signal_id"), heartbeat__state__attention_at__lt=before)
        kept = set(Signal.objects.filter(waiting, pk__in=old).values_list("pk", flat=True))
        dropped += Signal.objects.filter(pk__in=[pk for pk in old if pk not in kept]).delete()[0]
        if len(old) < len(oldest):
            return dropped
        last = oldest[-1][0]
    return dropped


def drop_old_tickets(*, now: datetime) -> int:
    """Deletes tickets that are over; returns how many."""
    return StreamTicket.objects.filter(expires_at__lt=now).delete()[0]
