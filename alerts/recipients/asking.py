"""Asking whether somebody wants alerts: planned, sent later under a claim, tried again, agreed to once."""

import random
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TypeVar, cast

from django.db import transaction
from django.db.models import Q

from accounts.models import Workspace
from alerts.models import Delivery
from alerts.recipients.asked_models import Asked
from alerts.sending.nudge import nudge
from alerts.sending.retries import retry_delay
from common.claims import claim
from common.invalid import Conflict

ASK_AGAIN_AFTER = timedelta(minutes=10)
LEASE = timedelta(minutes=5)
BATCH = 10
A = TypeVar("A", bound=Asked)


def agreed(model: type[Asked], workspace: Workspace, among: Collection[str]) -> set[str]:
    """Those of `among` that said yes."""
    place = model.asked_by
    found = model.objects.in_workspace(workspace).filter(**{f"{place}__in": among}, confirmed_at__isnull=False)
    return set(found.values_list(place, flat=True))


def plan_again(one: Asked, *, now: datetime) -> None:
    """Plans another question; the caller holds the row. Raises Conflict when it agreed or was asked just now."""
    if one.confirmed_at:
        raise Conflict(f"{one} has confirmed already.")
    if one.asked_at and now - one.asked_at < ASK_AGAIN_AFTER:
        raise Conflict(f"{one} was asked less than 10 minutes ago.")
    one.ask_at, one.asks_failed = now, 0
    one.save(update_fields=["ask_at", "asks_failed"])


def agree(one: Asked, *, channel_type: str, now: datetime) -> None:
    """It says yes: what waited for it is due at once. The caller holds the row."""
    one.confirmed_at, one.ask_at = now, None
    one.save(update_fields=["confirmed_at", "ask_at"])
    waiting = Delivery.objects.in_workspace(one.workspace_id).filter(
        channel__type=channel_type, next_attempt_at__gt=now
    )
    waiting.update(next_attempt_at=now)
    transaction.on_commit(nudge, robust=True)


def claim_due(model: type[A], *, now: datetime) -> list[tuple[A, Workspace]]:
    """Those whose question is due, each with its workspace; nobody else sends it while the lease holds."""
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
    due = model.objects.filter(free, ask_at__lte=now).order_by("ask_at")
    if not due.exists():
        return []
    claimed = cast(list[A], claim(due, limit=BATCH, claimed_until=now + LEASE))
    workspaces = Workspace.objects.in_bulk({one.workspace_id for one in claimed})
    return [(one, workspaces[one.workspace_id]) for one in claimed]


def note_sent(one: Asked, *, now: datetime) -> None:
    """The question is out."""
    keep(one, asked_at=now, ask_at=None, asks_failed=0, ask_error="")


def note_failed(one: Asked, error: str, *, now: datetime, is_final: bool = False, **more: object) -> None:
    """It could not be sent: again on the schedule of deliveries, unless it never can."""
    failed = one.asks_failed + 1
    delay = None if is_final else retry_delay(failed, random.random())  # noqa: S311
    ask_at = None if delay is None else now + timedelta(seconds=delay)
    keep(one, ask_at=ask_at, asks_failed=failed, ask_error=error, **more)


def keep(one: Asked, **values: object) -> None:
    """Writes what became of the question and gives the claim back; who agreed meanwhile stays as they are."""
    type(one).objects.filter(pk=one.pk, confirmed_at__isnull=True).update(claimed_until=None, **values)
