"""Keeps what an attempt came to, and what follows for the delivery, its channel and its incident."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from alerts.channels.base import ERROR_LENGTH, Outcome
from alerts.models import AlertEvent, Channel, Delivery, DeliveryAttempt, DeliveryState
from alerts.retries import retry_delay
from incidents.models import EventType
from incidents.services import add_timeline

DISABLED_REASON = "The receiver answered 410 Gone."


@transaction.atomic
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
    """The attempt's row, the delivery's next state and the channel given back; one transaction.

    A delivery that came to its end in the meantime (a lease that was lost) stays as it is; the attempt is kept. One
    that was deleted leaves nothing.
    """
    channel = delivery.channel
    found = Delivery.objects.select_for_update(of=("self",), no_key=True).filter(pk=delivery.pk).first()
    if found is None:
        return
    found.channel = channel
    _keep(found, outcome, started_at, latency_ms)
    if found.next_attempt_at is not None:
        _move(found, outcome, random, now)
    _settle_channel(channel, outcome, sender_id, now)


def _keep(delivery: Delivery, outcome: Outcome, started_at: datetime, latency_ms: float) -> None:
    DeliveryAttempt.objects.create(
        delivery=delivery,
        started_at=started_at,
        latency_ms=round(latency_ms, 2),
        ok=outcome.ok,
        status_code=outcome.status_code,
        error=outcome.error.replace("\x00", "")[:ERROR_LENGTH],
        response_excerpt=outcome.excerpt,
    )


def _move(delivery: Delivery, outcome: Outcome, random: float, now: datetime) -> None:
    delivery.attempts_made += 1
    delivery.reached = [*delivery.reached, *outcome.reached]
    delay = None if outcome.is_gone or outcome.is_final else retry_delay(delivery.attempts_made, random)
    if outcome.ok:
        _finish(delivery, DeliveryState.DELIVERED, outcome, now)
    elif delay is None:
        _finish(delivery, DeliveryState.FAILED, outcome, now)
    else:
        delivery.state, delivery.next_attempt_at = DeliveryState.PENDING, now + timedelta(seconds=delay)
    delivery.save(update_fields=["attempts_made", "reached", "state", "next_attempt_at", "finished_at"])


def _finish(delivery: Delivery, state: DeliveryState, outcome: Outcome, now: datetime) -> None:
    delivery.state, delivery.next_attempt_at, delivery.finished_at = state, None, now
    if delivery.incident_id is None:
        return
    add_timeline(
        incident=delivery.incident,  # type: ignore[arg-type]
        type=EventType.DELIVERY,
        message=_line(delivery, outcome),
        now=now,
        data={
            "deliveryId": delivery.pk,
            "channelId": delivery.channel_id,
            "channel": delivery.channel.name,
            "event": delivery.event,
            "ok": outcome.ok,
            "attempts": delivery.attempts_made,
        },
    )


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


def _settle_channel(channel: Channel, outcome: Outcome, sender_id: UUID, now: datetime) -> None:
    """Gives the channel back, unless another sender took it over. One that is gone gets nothing more."""
    mine = Channel.objects.filter(pk=channel.pk)
    mine.filter(claimed_by=sender_id).update(claimed_by=None, claimed_until=None)
    mine.update(is_failing=not outcome.ok)
    if outcome.ok:
        mine.filter(verified_at=None).update(verified_at=now)
    if outcome.is_gone:
        mine.update(is_enabled=False, disabled_reason=DISABLED_REASON)
        Delivery.objects.filter(channel=channel, next_attempt_at__isnull=False).update(
            state=DeliveryState.FAILED, next_attempt_at=None, finished_at=now
        )
