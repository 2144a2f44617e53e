"""Who opens a stream: a bearer API token, the browser's session or a ticket, and what they may hear."""

from collections.abc import Sequence
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from accounts.middleware import SESSION_KEY
from accounts.models import ApiToken, Membership, OAuthAccess, Workspace
from accounts.oauth.selectors import access_still_live, live_bearer
from accounts.scopes import allows
from accounts.selectors import memberships, token_still_live
from common import clock
from signals.ingest.ping import header, query_value
from signals.selectors import heartbeat_by_token
from signals.tickets import take_ticket

SCOPE = "monitor.read"


class Viewer(NamedTuple):
    """A person, the workspace that they see, and when that ends of itself."""

    user_id: int
    workspace_id: int
    until: datetime | None = None


class Credential(NamedTuple):
    """What a stream was opened with, kept so that it can be judged again while the stream is open."""

    token_id: int | None = None
    session_key: str = ""
    workspace_id: int | None = None
    access_id: int | None = None  # of an OAuth access token


class Refused(Exception):
    """The stream is not for this caller: 401, 403 or 404 with a sentence."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def credential_of(headers: Sequence[tuple[bytes, bytes]], query: bytes) -> Credential:
    """What the caller shows. A ticket is used up by this. Raises Refused. Reads the database: call it in a thread."""
    scheme, _, secret = header(headers, b"authorization").partition(" ")
    if scheme.lower() == "bearer":
        found = live_bearer(secret.strip(), clock.now())
        if found is None:
            raise Refused(401, "The token is unknown, disabled or expired.")
        token = found[0]
        return Credential(access_id=token.pk) if isinstance(token, OAuthAccess) else Credential(token_id=token.pk)
    ticket_secret = query_value(query, "access_token")
    if ticket_secret is not None:
        ticket = take_ticket(secret=ticket_secret, now=clock.now())
        if ticket is None:
            raise Refused(401, "The ticket is unknown, used or older than 60 seconds.")
        return Credential(ticket.token_id, ticket.session_key, ticket.workspace_id)
    key = _cookie(header(headers, b"cookie"))
    if not key:
        raise Refused(401, "Sign in, or send an API token as Authorization: Bearer.")
    return Credential(session_key=key)


def viewer_of(credential: Credential, check_token: str | None) -> Viewer:
    """Who that is now, for a workspace or one check of it. Raises Refused. Reads the database: call it in a thread."""
    is_token = credential.token_id or credential.access_id
    user_id, workspace, until = _by_token(credential) if is_token else _by_session(credential)
    if check_token is not None and heartbeat_by_token(workspace, check_token) is None:
        raise Refused(404, "No heartbeat of this workspace has this token.")
    return Viewer(user_id, workspace.pk, until)


def _by_token(credential: Credential) -> tuple[int, Workspace, datetime | None]:
    found: tuple[ApiToken | OAuthAccess, Membership] | None
    if credential.access_id:
        found = access_still_live(credential.access_id, clock.now())
    else:
        found = token_still_live(credential.token_id or 0, clock.now())
    if found is None:
        raise Refused(401, "The token is unknown, disabled or expired.")
    token, membership = found
    if not allows(token.scopes, SCOPE):
        raise Refused(403, f"This needs the scope {SCOPE}.")
    until = token.token.expires if isinstance(token, OAuthAccess) else token.expires_at
    return membership.user.pk, membership.workspace, until


def _by_session(credential: Credential) -> tuple[int, Workspace, None]:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(credential.session_key)
    user = get_user(request)
    found = list(memberships(user)) if user.is_authenticated else []
    wanted = credential.workspace_id or request.session.get(SESSION_KEY)
    first = found[0] if found and credential.workspace_id is None else None
    picked = next((one for one in found if one.workspace_id == wanted), first)
    if picked is None:
        raise Refused(401, "Sign in, or send an API token as Authorization: Bearer.")
    return picked.user_id, picked.workspace, None


def _cookie(text: str) -> str | None:
    try:
        found = SimpleCookie(text).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return None
    return found.value if found else None
