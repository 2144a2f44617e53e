"""Drops what has run out: answers kept for a repeated request, sessions that are over, old events."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Model, QuerySet

from accounts.models import FeedEvent, KeptAnswer
from common.api.idempotency import KEPT_FOR

DELETED_AT_ONCE = 5_000


def drop_outdated(*, now: datetime) -> int:
    """Deletes kept answers older than a day, expired sessions and old events of the feed, a batch at a time.

    Returns how many.
    """
    answers: QuerySet[KeptAnswer] = KeptAnswer.objects.filter(created_at__lt=now - KEPT_FOR)
    before = now - timedelta(days=settings.FEED_RETENTION_DAYS)
    events: QuerySet[FeedEvent] = FeedEvent.objects.filter(created_at__lt=before)
    return _drop(answers) + _drop(Session.objects.filter(expire_date__lt=now)) + _drop(events)


def _drop(found: "QuerySet[Model] | QuerySet[KeptAnswer] | QuerySet[Session] | QuerySet[FeedEvent]") -> int:
    dropped = 0
    while keys := list(found.order_by("pk").values_list("pk", flat=True)[:DELETED_AT_ONCE]):
        dropped += found.model._default_manager.filter(pk__in=keys).delete()[0]
        if len(keys) < DELETED_AT_ONCE:
            break
    return dropped
