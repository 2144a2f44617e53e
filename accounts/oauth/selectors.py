"""Reads of OAuth: who a bearer token is, which applications there are, what a person has allowed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from oauth2_provider.models import refresh_token_expire_timedelta

from accounts.models import (
    ApiToken,
    Membership,
    OAuthAccess,
    OAuthApplication,
    OAuthDeviceGrant,
    Role,
    User,
    Workspace,
)
from accounts.roles import at_least
from accounts.selectors import digest, live_token

_OF_API_TOKENS = "ws_"


def live_bearer(secret: str, now: datetime) -> tuple[ApiToken | OAuthAccess, Membership] | None:
    """Whatever token a bearer sent, with the membership that it acts with; one query. None when it is good no more."""
    if secret.startswith(_OF_API_TOKENS):
        return live_token(secret, now)
    return live_access(secret, now)


def live_access(secret: str, now: datetime) -> tuple[OAuthAccess, Membership] | None:
    """The unexpired OAuth access token with this secret, while whom it acts for is an active member; one query."""
    return _live(Q(token__token_checksum=digest(secret)), now)


def access_still_live(access_id: int, now: datetime) -> tuple[OAuthAccess, Membership] | None:
    """The same of an access token that was seen before."""
    return _live(Q(pk=access_id), now)


def _live(which: Q, now: datetime) -> tuple[OAuthAccess, Membership] | None:
    person = Coalesce(OuterRef("token__user_id"), OuterRef("token__application__user_id"))
    membership = Membership.objects.filter(workspace=OuterRef("workspace"), user=person)
    access = (
        OAuthAccess.objects.select_related("token__user", "token__application__user", "workspace")
        .filter(which, token__expires__gt=now)
        .annotate(membership_id=Subquery(membership.values("pk")[:1]), role=Subquery(membership.values("role")[:1]))
        .first()
    )
    if access is None or access.membership_id is None or not access.user.is_active:
        return None
    found = Membership(pk=access.membership_id, workspace=access.workspace, user=access.user, role=access.role)
    return access, found


def applications(membership: Membership) -> "QuerySet[OAuthApplication]":
    """The applications registered in a workspace that this member may see: their own, an admin everybody's."""
    found: QuerySet[OAuthApplication] = OAuthApplication.objects.filter(workspace=membership.workspace)
    found = found.select_related("user").order_by("pk")
    return found if at_least(membership.role, Role.ADMIN) else found.filter(user=membership.user)


def pending_device(user_code: str, now: datetime) -> OAuthDeviceGrant | None:
    """The device that waits with this user code and has time left."""
    waiting = OAuthDeviceGrant.objects.filter(user_code=user_code, expires__gt=now)
    found: OAuthDeviceGrant | None = waiting.filter(status=OAuthDeviceGrant.AUTHORIZATION_PENDING).first()
    return found


def application_of(device: OAuthDeviceGrant) -> OAuthApplication | None:
    """The application that a device runs."""
    found: OAuthApplication | None = (
        OAuthApplication.objects.select_related("user").filter(client_id=device.client_id).first()
    )
    return found


@dataclass(frozen=True)
class Authorization:
    """What a person allowed one application in one workspace."""

    application: OAuthApplication
    workspace: Workspace
    scopes: tuple[str, ...]
    since: datetime


def authorizations(user: User, now: datetime) -> list[Authorization]:
    """What still acts for `user`, or could after a refresh; by application."""
    allowed_until_refresh = Q(token__refresh_token__revoked__isnull=True, token__refresh_token__isnull=False)
    if lasts := refresh_token_expire_timedelta():
        allowed_until_refresh &= Q(token__expires__gt=now - lasts)
    found = (
        OAuthAccess.objects.filter(Q(token__expires__gt=now) | allowed_until_refresh, token__user=user)
        .select_related("token__application__user", "workspace")
        .order_by("token__application__name", "workspace__name", "token__created")
    )
    return _grouped(found)


def _grouped(accesses: Iterable[OAuthAccess]) -> list[Authorization]:
    by_place: dict[tuple[int, int], list[OAuthAccess]] = {}
    for access in accesses:
        by_place.setdefault((access.token.application_id, access.workspace_id), []).append(access)
    return [
        Authorization(
            application=rows[0].application,
            workspace=rows[0].workspace,
            scopes=tuple(sorted({scope for row in rows for scope in row.scopes})),
            since=rows[0].token.created,
        )
        for rows in by_place.values()
    ]
