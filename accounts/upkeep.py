"""Drops what has run out: answers kept for a repeated request, sessions that are over."""

from datetime import datetime

from django.contrib.sessions.models import Session
from django.db.models import Model, QuerySet

from accounts.models import KeptAnswer
from common.api.idempotency import KEPT_FOR

DELETED_AT_ONCE = 5_000


def drop_outdated(*, now: datetime) -> int:
    """Deletes kept answers older than a day and expired sessions, a batch at a time; returns how many."""
    answers: QuerySet[KeptAnswer] = KeptAnswer.objects.filter(created_at__lt=now - KEPT_FOR)
    return _drop(answers) + _drop(Session.objects.filter(expire_date__lt=now))


def _drop(found: "QuerySet[Model] | QuerySet[KeptAnswer] | QuerySet[Session]") -> int:
    dropped = 0
    while keys := list(found.order_by("pk").values_list("pk", flat=True)[:DELETED_AT_ONCE]):
        dropped += found.model._default_manager.filter(pk__in=keys).delete()[0]
        if len(keys) < DELETED_AT_ONCE:
            break
    return dropped
