"""Keeps what an attempt came to, and what follows for the delivery, its channel and its incident."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import DateTimeField, QuerySet, Value
from django.db.models.functions import Coalesce

from alerts.channels.base import ERROR_LENGTH, Outcome
from alerts.feed import tell_failed
from alerts.models import AlertEvent, Channel, Delivery, DeliveryAttempt, DeliveryState
from alerts.sending.retries import retry_delay
from common.bulk import create_rows, update_rows
from incidents.models import EventType
from incidents.timeline import Line, add_lines

DISABLED_REASON = "The receiver answered 410 Gone."
_FREE: dict[str, Any] = {"claimed_by": None, "claimed_until": None}
_MOVED = ("attempts_made", "reached", "state", "next_attempt_at", "finished_at")


class Attempt(NamedTuple):
    """One try of a delivery whose channel is loaded; `random` in [0, 1) spreads the next one."""

    delivery: Delivery
    outcome: Outcome
    started_at: datetime
    latency_ms: float
    random: float


def record_attempt(
    *,
    delivery: Delivery,
    outcome: Outcome,
    started_at: datetime,
    latency_ms: float,
    sender_id: UUID,
    random: float,
    now: datetime,
) -> None:
    """As `record_attempts` for one."""
    record_attempts([Attempt(delivery, outcome, started_at, latency_ms, random)], sender_id=sender_id, now=now)


@transaction.atomic
def record_attempts(attempts: Sequence[Attempt], *, sender_id: UUID, now: datetime) -> None:
    """Each attempt's row, its delivery's next state and its channel given back; one transaction, few statements.

    The attempts are of different channels. A delivery that came to its end in the meantime (a lease that was lost)
    stays as it is; the attempt is kept. One that was deleted leaves nothing.
    """
    holders = _hold_channels(attempts)
    found = _hold_deliveries(attempts)
    kept = [(found[one.delivery.pk], one) for one in attempts if one.delivery.pk in found]
    create_rows(_row(one) for _, one in kept)
    moving = [(delivery, one) for delivery, one in kept if delivery.next_attempt_at is not None]
    lines = [_move(delivery, one, now) for delivery, one in moving]
    rows = [(delivery.pk, *(getattr(delivery, name) for name in _MOVED)) for delivery, _ in moving]
    update_rows(Delivery, "id", _MOVED, rows)
    add_lines([line for line in lines if line is not None], now=now)
    tell_failed([(one, tried.outcome.error) for one, tried in moving if one.state == DeliveryState.FAILED], now=now)
    _settle_channels(attempts, {pk for pk, holder in holders.items() if holder == sender_id}, now)


def _hold_channels(attempts: Sequence[Attempt]) -> dict[int, UUID | None]:
    """Who has each. Channels before deliveries, as `claiming.take` does, each in the order of their ids."""
    channels = Channel.objects.filter(pk__in=[one.delivery.channel_id for one in attempts]).order_by("pk")
    return dict(channels.select_for_update(of=("self",), no_key=True).values_list("pk", "claimed_by"))


def _hold_deliveries(attempts: Sequence[Attempt]) -> dict[int, Delivery]:
    channels = {one.delivery.pk: one.delivery.channel for one in attempts}
    rows = Delivery.objects.filter(pk__in=channels).order_by("pk").defer("payload")
    found = {one.pk: one for one in rows.select_for_update(of=("self",), no_key=True)}
    for pk, delivery in found.items():
        delivery.channel = channels[pk]
    return found


def _row(one: Attempt) -> DeliveryAttempt:
    return DeliveryAttempt(
        delivery=one.delivery,
        started_at=one.started_at,
        latency_ms=round(one.latency_ms, 2),
        ok=one.outcome.ok,
        status_code=one.outcome.status_code,
        error=one.outcome.error.replace("\x00", "")[:ERROR_LENGTH],
        response_excerpt=one.outcome.excerpt,
    )


def _move(delivery: Delivery, one: Attempt, now: datetime) -> Line | None:
    """Puts the next state on the delivery; returns the line of its incident when that is the end of it."""
    outcome = one.outcome
    delivery.attempts_made += 1
    delivery.reached = [*delivery.reached, *outcome.reached]
    is_over = outcome.is_gone or outcome.is_final
    delay = None if is_over else retry_delay(delivery.attempts_made, one.random)
    if not outcome.ok and delay is not None:
        delivery.state, delivery.next_attempt_at = DeliveryState.PENDING, now + timedelta(seconds=delay)
        return None
    delivery.state = DeliveryState.DELIVERED if outcome.ok else DeliveryState.FAILED
    delivery.next_attempt_at, delivery.finished_at = None, now
    return None if delivery.incident_id is None else _ending(delivery, delivery.incident_id, outcome)


def _ending(delivery: Delivery, incident_id: int, outcome: Outcome) -> Line:
    told = {
        "deliveryId": delivery.pk,
        "channelId": delivery.channel_id,
        "channel": delivery.channel.name,
        "event": delivery.event,
        "ok": outcome.ok,
        "attempts": delivery.attempts_made,
    }
    return Line(incident_id, EventType.DELIVERY, _line(delivery, outcome), told)


def _line(delivery: Delivery, outcome: Outcome) -> str:
    whom = f"{delivery.channel.name} by {delivery.channel.get_type_display().lower()}"
    what = AlertEvent(delivery.event).label.lower()
    if not outcome.ok:
        ending = f"expired after {delivery.attempts_made} attempts"
        if outcome.is_gone or outcome.is_final:
            ending = "the receiver is gone" if outcome.is_gone else "refused"
        return f"Could not tell {whom} ({what}): {ending}; {outcome.error}".replace("\x00", "")
    reached = f": {', '.join(delivery.reached)}" if delivery.reached else ""
    return f"Told {whom} ({what}){reached}"


def _settle_channels(attempts: Sequence[Attempt], ours: Collection[int], now: datetime) -> None:
    """Gives ours back; another sender took over the rest. One whose receiver is gone gets nothing more."""
    verified = Coalesce("verified_at", Value(now, DateTimeField()))
    for is_ok, words in ((True, {"is_failing": False, "verified_at": verified}), (False, {"is_failing": True})):
        heard = {one.delivery.channel_id for one in attempts if one.outcome.ok is is_ok}
        for channels, more in ((heard & set(ours), _FREE), (heard - set(ours), {})):
            if channels:
                Channel.objects.filter(pk__in=channels).update(**words, **more)
    gone = [one.delivery.channel_id for one in attempts if one.outcome.is_gone]
    if gone:
        Channel.objects.filter(pk__in=gone).update(is_enabled=False, disabled_reason=DISABLED_REASON)
        _drop(Delivery.objects.filter(channel__in=gone, next_attempt_at__isnull=False), now)


def _drop(waiting: "QuerySet[Delivery]", now: datetime) -> None:
    dropped = list(waiting.select_related("channel").defer("payload"))
    waiting.update(state=DeliveryState.FAILED, next_attempt_at=None, finished_at=now)
    tell_failed([(one, DISABLED_REASON) for one in dropped], now=now)
