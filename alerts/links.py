"""Signed addresses in messages: what they let one do, until when. GET shows a button, POST acts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer

VALID_FOR = timedelta(days=7)
_ACKNOWLEDGE = Signer(salt="alerts.acknowledge")
_CONFIRM = Signer(salt="alerts.confirm")


class BadLink(ValueError):
    """A link that was not made here, or is older than it may be; the message says which."""


@dataclass(frozen=True, slots=True)
class AcknowledgeLink:
    """What an acknowledge link says: the delivery it came with, and the member it was made for."""

    delivery_id: int
    user_id: int | None


def incident_url(incident_id: int) -> str:
    """The page of an incident."""
    return f"{settings.PUBLIC_URL}/incidents/{incident_id}"


def monthly_report_url(report_id: int) -> str:
    """The page of a monthly report."""
    return f"{settings.PUBLIC_URL}/reports/{report_id}"


def acknowledge_url(*, delivery_id: int, user_id: int | None, made_at: datetime) -> str:
    """The link that acknowledges the incident of a delivery, for 7 days; the same text each time it is asked for."""
    token = _ACKNOWLEDGE.sign_object({"d": delivery_id, "u": user_id, "t": int(made_at.timestamp())})
    return f"{settings.PUBLIC_URL}/alerts/acknowledge/{token}"


def read_acknowledge(token: str, *, now: datetime) -> AcknowledgeLink:
    """What the link says. Raises BadLink."""
    said = _read(_ACKNOWLEDGE, token, now)
    return AcknowledgeLink(said["d"], said["u"])  # type: ignore[arg-type]


def confirm_url(*, recipient_id: int, address: str, made_at: datetime) -> str:
    """The link by which a recipient agrees to get alerts, for 7 days."""
    token = _CONFIRM.sign_object({"r": recipient_id, "a": address, "t": int(made_at.timestamp())})
    return f"{settings.PUBLIC_URL}/alerts/confirm/{token}"


def read_confirm(token: str, *, now: datetime) -> tuple[int, str]:
    """The recipient's id and the address that was asked. Raises BadLink."""
    said = _read(_CONFIRM, token, now)
    return int(said["r"] or 0), str(said["a"])


def _read(signer: Signer, token: str, now: datetime) -> dict[str, int | str | None]:
    try:
        said: dict[str, int | str | None] = signer.unsign_object(token)
    except (BadSignature, ValueError) as error:
        raise BadLink("This link was not made here, or was cut on its way.") from error
    if now.timestamp() - int(said["t"] or 0) > VALID_FOR.total_seconds():
        raise BadLink(f"This link is older than {VALID_FOR.days} days.")
    return said
