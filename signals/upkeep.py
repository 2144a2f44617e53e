"""Drops what is too old to keep: raw signals past their retention, tickets that nobody used."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F, Min, Q

from common.partitions import DayPartitions
from signals.models import Signal, StreamTicket

DELETED_AT_ONCE = 5_000
SIGNALS_BY_DAY = DayPartitions("signals_signal", "created_at")


def drop_old_signals(*, now: datetime) -> int:
    """Drops raw signals past their retention: days at once on PostgreSQL, rows by the batch elsewhere.

    One that has had no effect yet is kept, however old: it is settled first. Returns how many rows went one by one.
    """
    before = now - timedelta(days=settings.RESULT_RETENTION_DAYS)
    if connection.vendor != "postgresql":
        return _delete_by_the_batch(before)
    waiting = Signal.objects.filter(_waits(before), created_at__lt=before).aggregate(first=Min("created_at"))
    keep_from = waiting["first"] or before
    SIGNALS_BY_DAY.tend(now=now, keep_from=keep_from)
    return SIGNALS_BY_DAY.delete_strays(before=keep_from)


def _waits(before: datetime) -> Q:
    return Q(pk__gt=F("heartbeat__state__settled_signal_id"), heartbeat__state__attention_at__lt=before)


def _delete_by_the_batch(before: datetime) -> int:
    last, dropped = 0, 0
    while oldest := list(
        Signal.objects.filter(pk__gt=last).order_by("pk").values_list("pk", "created_at")[:DELETED_AT_ONCE]
    ):
        old = [pk for pk, created_at in oldest if created_at < before]
        kept = set(Signal.objects.filter(_waits(before), pk__in=old).values_list("pk", flat=True))
        dropped += Signal.objects.filter(pk__in=[pk for pk in old if pk not in kept]).delete()[0]
        if len(old) < len(oldest):
            return dropped
        last = oldest[-1][0]
    return dropped


def drop_old_tickets(*, now: datetime) -> int:
    """Deletes tickets that are over; returns how many."""
    return StreamTicket.objects.filter(expires_at__lt=now).delete()[0]
