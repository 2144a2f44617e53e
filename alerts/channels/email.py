"""Email: text and HTML to each confirmed recipient, threaded by incident."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.models import User, Workspace
from accounts.selectors import owners
from alerts.channels.base import ERROR_LENGTH, Outcome, Send
from alerts.channels.email_report import attachments_of
from alerts.channels.email_text import Addressee, mail_of
from alerts.models import AlertEvent, ChannelType, Delivery
from alerts.recipients import addresses as recipients
from alerts.sending import mail
from common.invalid import FieldError, Invalid

MAX_RECIPIENTS = 20


class Email:
    """See `alerts.channels.base.Kind`."""

    name = ChannelType.EMAIL.value
    label = ChannelType.EMAIL.label
    schema: Mapping[str, Any] = {
        "type": "object",
        "required": ["recipients"],
        "additionalProperties": False,
        "properties": {
            "recipients": {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_RECIPIENTS,
                "items": {"type": "string", "format": "email", "maxLength": 254},
            }
        },
    }

    def clean(
        self, raw: Mapping[str, Any], *, workspace: Workspace, stored: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """`recipients`, each once, in lower case, in the order given."""
        given = raw.get("recipients", (stored or {}).get("recipients"))
        if not isinstance(given, list) or not 1 <= len(given) <= MAX_RECIPIENTS:
            raise Invalid([FieldError("/recipients", "length", f"Write 1 to {MAX_RECIPIENTS} email addresses.")])
        errors = [error for place, one in enumerate(given) for error in _wrong_address(one, f"/recipients/{place}")]
        if errors:
            raise Invalid(errors)
        return {"recipients": list(dict.fromkeys(address.strip().lower() for address in given))}

    def describe(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The addresses."""
        return {"recipients": list(config["recipients"])}

    def prepare(self, delivery: Delivery, *, now: datetime) -> Send:
        """One conversation with all who confirmed and have it not yet."""
        found = _Recipients.of(delivery, now=now)
        opening = _opening_of(delivery)
        attachments = attachments_of(delivery) if delivery.event == AlertEvent.MONTHLY_REPORT else ()
        return lambda: _send(delivery, found, opening, attachments)


EMAIL = Email()


def _wrong_address(address: Any, pointer: str) -> list[FieldError]:
    try:
        validate_email(address.strip() if isinstance(address, str) else "")
    except ValidationError:
        return [FieldError(pointer, "email", "This is no email address.")]
    return [FieldError(pointer, "length", "Write at most 254 characters.")] if len(address.strip()) > 254 else []


@dataclass(frozen=True, slots=True)
class _Recipients:
    """Who gets this attempt, and who is left out because they have not confirmed."""

    addressees: list[Addressee]
    unconfirmed: list[str]

    @classmethod
    def of(cls, delivery: Delivery, *, now: datetime) -> "_Recipients":
        if delivery.channel.is_owners:
            return cls(_left(delivery, [_addressee(user) for user in owners(delivery.workspace)]), [])
        wanted = delivery.channel.config["recipients"]
        members = {user.email.lower(): user for user in delivery.workspace.members.filter(is_active=True)}
        confirmed = recipients.confirmed(delivery.workspace, wanted)
        unconfirmed = [one for one in wanted if one not in members and one not in confirmed]
        recipients.ask(workspace=delivery.workspace, addresses=unconfirmed, now=now)
        known = [
            _addressee(members[one]) if one in members else Addressee(one)
            for one in wanted
            if one in members or one in confirmed
        ]
        return cls(_left(delivery, known), unconfirmed)


def _addressee(user: User) -> Addressee:
    return Addressee(user.email, user.pk, user.timezone)


def _left(delivery: Delivery, addressees: list[Addressee]) -> list[Addressee]:
    return [one for one in addressees if one.address not in delivery.reached]


def _opening_of(delivery: Delivery) -> str | None:
    """The Message-ID of the mail that opened this thread, if this one is not it."""
    if delivery.incident_id is None:
        return None
    opening = Delivery.objects.filter(
        channel=delivery.channel_id, incident=delivery.incident_id, event=AlertEvent.INCIDENT_OPEN
    )
    found = opening.order_by("pk").values_list("message_id", flat=True).first()
    return mail.message_id(found) if found and found != delivery.message_id else None


def _send(
    delivery: Delivery, found: _Recipients, opening: str | None, attachments: Sequence[mail.Attachment]
) -> Outcome:
    left_out = f"Not confirmed yet: {', '.join(found.unconfirmed)}" if found.unconfirmed else ""
    if not found.addressees:
        has_reached = bool(delivery.reached)
        return Outcome(
            ok=has_reached, error=(left_out or ("" if has_reached else "Nobody to write to."))[:ERROR_LENGTH]
        )
    mails = [mail_of(delivery, one, opening=opening, attachments=attachments) for one in found.addressees]
    return _judged(mail.post(mails), left_out, has_reached=bool(delivery.reached))


def _judged(report: mail.Report, left_out: str, *, has_reached: bool) -> Outcome:
    """Delivered once somebody has it and nobody is left whom a further attempt could reach."""
    reasons = [f"{address}: {reason}" for address, reason in (report.refused | report.failed).items()]
    if report.failed and not report.accepted and not report.refused and len(set(report.failed.values())) == 1:
        reasons = [next(iter(report.failed.values()))]
    return Outcome(
        ok=bool(report.accepted or has_reached) and not report.failed,
        status_code=report.status_code,
        error="; ".join(filter(None, [*reasons, left_out]))[:ERROR_LENGTH],
        reached=tuple(report.accepted),
    )
