"""Tickets of the live stream: made for whoever calls the API, taken once, worthless after 60 seconds."""

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from accounts.models import ApiToken, User, Workspace
from accounts.selectors import digest
from signals.models import StreamTicket

LIVES = timedelta(seconds=60)


class NewTicket(NamedTuple):
    """A ticket just made: `secret` is shown this once."""

    secret: str
    expires_at: datetime


def create_ticket(
    *, user: User, workspace: Workspace, token: ApiToken | None, session_key: str, now: datetime
) -> NewTicket:
    """A ticket for the stream of `workspace`, worth what the caller came with: a token or a session."""
    secret = f"st_{secrets.token_urlsafe(24)}"
    ticket = StreamTicket.objects.create(
        digest=digest(secret), user=user, workspace=workspace, token=token, session_key=session_key,
        expires_at=now + LIVES,
    )  # fmt: skip
    return NewTicket(secret, ticket.expires_at)


@transaction.atomic
def take_ticket(*, secret: str, now: datetime) -> StreamTicket | None:
    """The ticket with this secret, which is then gone; None when it is unknown, used or over."""
    found = StreamTicket.objects.select_for_update(of=("self",)).select_related("workspace")
    ticket = found.filter(digest=digest(secret)).first()
    if ticket is None:
        return None
    StreamTicket.objects.filter(pk=ticket.pk).delete()
    return ticket if ticket.expires_at > now else None
