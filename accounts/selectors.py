"""Reads of accounts."""

import hashlib
from datetime import datetime

from django.db.models import F, Q, QuerySet

from accounts.models import ApiToken, Invitation, Membership, Role, User, Workspace
from accounts.roles import at_least


def digest(secret: str) -> str:
    """How a token's secret is stored: SHA-256, enough for a random 238-bit secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def live_token(secret: str, now: datetime) -> tuple[ApiToken, Membership] | None:
    """The enabled, unexpired token with this secret and its active owner's membership; one query."""
    return _live(Q(digest=digest(secret)), now)


def token_still_live(token_id: int, now: datetime) -> tuple[ApiToken, Membership] | None:
    """The same of a token that was seen before."""
    return _live(Q(pk=token_id), now)


def _live(which: Q, now: datetime) -> tuple[ApiToken, Membership] | None:
    found = (
        ApiToken.objects.select_related("user", "workspace")
        .filter(which, is_enabled=True, user__is_active=True, user__memberships__workspace=F("workspace"))
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))
        .annotate(membership_id=F("user__memberships"), role=F("user__memberships__role"))
    )
    # At most one, and this runs before every request: `first` would have it sorted.
    token = next(iter(found), None)
    if token is None:
        return None
    return token, Membership(pk=token.membership_id, workspace=token.workspace, user=token.user, role=token.role)


def membership(user: User, workspace: Workspace) -> Membership | None:
    """This person's membership of `workspace`, if any."""
    return Membership.objects.in_workspace(workspace).filter(user=user).first()


def memberships(user: User) -> QuerySet[Membership]:
    """All memberships of a person, oldest first: the first is their default workspace."""
    return Membership.objects.filter(user=user).select_related("workspace").order_by("created_at", "pk")


def owners(workspace: Workspace) -> QuerySet[User]:
    """The people who own `workspace`."""
    return User.objects.filter(memberships__workspace=workspace, memberships__role=Role.OWNER, is_active=True).order_by(
        "pk"
    )


def members_of(workspace: Workspace) -> QuerySet[Membership]:
    """Everybody in `workspace` with their account, first come first."""
    return Membership.objects.in_workspace(workspace).select_related("user").order_by("created_at", "pk")


def open_invitations(workspace: Workspace) -> QuerySet[Invitation]:
    """Those that nobody has accepted, newest first; they may have expired."""
    found = Invitation.objects.in_workspace(workspace).filter(accepted_at__isnull=True)
    return found.select_related("workspace", "invited_by").order_by("-created_at", "-pk")


def tokens_open_to(member: Membership) -> QuerySet[ApiToken]:
    """The API tokens that a member may see in their workspace, newest first: their own; an admin everybody's."""
    found = ApiToken.objects.in_workspace(member.workspace).select_related("user").order_by("-created_at", "-pk")
    return found if at_least(member.role, Role.ADMIN) else found.filter(user=member.user_id)


def member_addresses(workspace: Workspace) -> set[str]:
    """Email addresses of all members, in lower case."""
    emails = User.objects.filter(memberships__workspace=workspace, is_active=True).values_list("email", flat=True)
    return {email.lower() for email in emails}


def people_open_to(user: User) -> QuerySet[User]:
    """The people whose account `user` may see and change: themselves; an operator everybody."""
    return User.objects.all() if user.is_staff else User.objects.filter(pk=user.pk)
