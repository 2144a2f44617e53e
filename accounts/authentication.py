"""Who calls the API: a bearer token or the browser's session; each says in which workspace it acts."""

import re
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from accounts import services
from accounts.actor import Actor
from accounts.models import ApiToken, Membership, OAuthAccess, User
from accounts.oauth.selectors import live_bearer
from accounts.selectors import memberships
from common import clock
from common.api.problems import NoSuchWorkspace
from common.client_address import client_address

_SECRET = re.compile(r"[\x21-\x7e]{8,512}")
_NAME = re.compile(r"[\w-]{1,80}")


class ApiTokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer …` (RFC 6750), an API token or an OAuth access token; one query.

    A token acts in its own workspace only.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken | OAuthAccess] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        found = live_bearer(secret.strip(), clock.now()) if _SECRET.fullmatch(secret.strip()) else None
        if found is None:
            raise exceptions.AuthenticationFailed("The token is unknown, disabled or expired.")
        token, membership = found
        _act_in(request, membership, named=_matches(membership, request.headers.get("X-Workspace")))
        if isinstance(token, ApiToken):
            services.note_token_use(token=token, address=client_address(request), now=clock.now())
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session, with CSRF protection; `X-Workspace` (id or slug) picks among the person's workspaces."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        found = super().authenticate(request)
        if found is not None and (wanted := request.headers.get("X-Workspace")):
            membership = _picked(found[0], wanted)
            _act_in(request, membership, named=membership is not None)
        return found


def _picked(user: User, wanted: str) -> Membership | None:
    if not _NAME.fullmatch(wanted):
        return None
    is_id = wanted.isascii() and wanted.isdigit() and len(wanted) < 19
    by = Q(workspace__slug=wanted) | (Q(workspace_id=int(wanted)) if is_id else Q())
    return memberships(user).filter(by).first()


def _matches(membership: Membership, wanted: str | None) -> bool:
    return not wanted or wanted in (str(membership.workspace_id), membership.workspace.slug)


def _act_in(request: Request, membership: Membership | None, *, named: bool) -> None:
    if membership is None or not named:
        raise NoSuchWorkspace
    # On Django's request too: middleware, templates and the framework's proxy read it there.
    vars(request._request).update(membership=membership, workspace=membership.workspace)


def actor(request: Request | HttpRequest) -> Actor:
    """Who is to be written down as the one who did what this request does."""
    django_request = request._request if isinstance(request, Request) else request
    user = request.user if isinstance(request.user, User) else None
    auth = getattr(request, "auth", None)
    token = auth if isinstance(auth, ApiToken) else None
    application = auth.application if isinstance(auth, OAuthAccess) else None
    return Actor(user, token, client_address(django_request), application)
