"""Which channels have something to send now, and taking them: one message under way a channel, each under a lease."""

import json
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import Case, F, Min, Q, QuerySet, TextField, When, Window
from django.db.models.functions import Cast, Coalesce

from alerts.models import Channel, Delivery, DeliveryState
from common.claims import claim
from common.secrets import decrypt


class Ready(NamedTuple):
    """A channel with a due delivery that nobody sends to at this moment."""

    channel_id: int
    type: str
    is_failing: bool


def ready_channels(*, now: datetime, limit: int) -> list[Ready]:
    """Channels with something due, those that work first, then by how long it is due. Takes no lock."""
    if not Delivery.objects.filter(next_attempt_at__lte=now).exists():
        return []
    rows = (
        due_deliveries(now, Q(_free(now, "channel__"), channel__is_enabled=True))
        .order_by("channel__is_failing", "next_attempt_at", "pk")
        .values_list("channel_id", "channel__type", "channel__is_failing")[:limit]
    )
    return [Ready(*row) for row in dict.fromkeys(rows)]


def due_deliveries(now: datetime, of_channels: Q) -> QuerySet[Delivery]:
    """What may be sent at `now`: due, and nothing earlier about the same incident still waits on the same channel.

    Reads what waits once: an outbox is mostly empty, and a planner that believes so joins it with itself row by row.
    """
    incident = Coalesce("incident_id", -F("pk"))
    waiting = Delivery.objects.filter(of_channels, next_attempt_at__isnull=False)
    earliest = waiting.annotate(earliest=Window(Min("pk"), partition_by=[F("channel_id"), incident]))
    # One condition: a filter on the time alone would be applied before the window, and hide what waits for longer.
    return earliest.filter(earliest=Case(When(next_attempt_at__lte=now, then=F("pk"))))


@transaction.atomic
def take(
    *, channel_ids: Collection[int], limit: int, sender_id: UUID, until: datetime, now: datetime
) -> list[Delivery]:
    """One due delivery of each of up to `limit` of these channels, now SENDING and this sender's until `until`."""
    free = Channel.objects.filter(_free(now), pk__in=channel_ids, is_enabled=True).order_by("pk")
    # A config that cannot be decrypted must stop its own channel only.
    sealed = free.defer("config").annotate(sealed=Cast("config", TextField()))
    channels = {one.pk: one for one in claim(sealed, limit=limit, claimed_by=sender_id, claimed_until=until)}
    for channel in channels.values():
        _read_config(channel)
    first = _first_of_each(channels, now)
    for delivery in first.values():
        delivery.channel = channels[delivery.channel_id]
        delivery.state = DeliveryState.SENDING
    Delivery.objects.filter(pk__in=[one.pk for one in first.values()]).update(state=DeliveryState.SENDING)
    release(channel_ids=channels.keys() - first.keys(), sender_id=sender_id)
    return list(first.values())


def _read_config(channel: Channel) -> None:
    """One that cannot be decrypted stays unread: whoever asks for it is told."""
    with suppress(InvalidToken, ValueError):
        channel.config = json.loads(decrypt(vars(channel).pop("sealed")))


def _first_of_each(channel_ids: Collection[int], now: datetime) -> dict[int, Delivery]:
    due = due_deliveries(now, Q(channel__in=list(channel_ids))).select_related("workspace")
    first: dict[int, Delivery] = {}
    for delivery in due.order_by("next_attempt_at", "pk"):
        first.setdefault(delivery.channel_id, delivery)
    return first


def renew(*, channel_ids: Collection[int], sender_id: UUID, until: datetime) -> None:
    """Keeps the leases of what is still under way."""
    Channel.objects.filter(pk__in=channel_ids, claimed_by=sender_id).update(claimed_until=until)


def release(*, channel_ids: Collection[int], sender_id: UUID) -> None:
    """Gives channels back, unless another sender took them over."""
    if channel_ids:
        Channel.objects.filter(pk__in=channel_ids, claimed_by=sender_id).update(claimed_by=None, claimed_until=None)


def _free(now: datetime, prefix: str = "") -> Q:
    return Q(**{f"{prefix}claimed_until__isnull": True}) | Q(**{f"{prefix}claimed_until__lte": now})
