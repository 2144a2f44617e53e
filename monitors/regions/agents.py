"""Who probes for a region from outside: tokens of agents, made and recognised."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitors.models import AgentToken, Region

_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewAgentToken:
    """A token and its secret, which is shown this once."""

    token: AgentToken
    secret: str


def make_agent_token(*, region: Region, name: str, now: datetime) -> NewAgentToken:
    """`wsa_` and 43 URL-safe characters, 256 bits; stored as SHA-256."""
    secret = f"wsa_{secrets.token_urlsafe(32)}"
    token = AgentToken.objects.create(
        region=region, name=name, prefix=secret[:11], digest=_digest(secret), created_at=now
    )
    return NewAgentToken(token, secret)


def agent_of(secret: str, *, address: str | None, now: datetime) -> AgentToken | None:
    """The enabled token of this secret, with its region; None where there is none. Notes its use, to the minute."""
    token = AgentToken.objects.select_related("region").filter(digest=_digest(secret), is_enabled=True).first()
    if token is not None and (token.last_used_at is None or now - token.last_used_at > _USED_EVERY):
        AgentToken.objects.filter(pk=token.pk).update(last_used_at=now, last_used_address=address)
    return token


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
