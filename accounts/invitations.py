"""Invitations: a link by email that lets one address into a workspace, once, for a week."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.signing import BadSignature, Signer
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import audit, services
from accounts.actor import Actor
from accounts.models import Invitation, Membership, Role, User, Workspace
from accounts.room import hold, must_have_room
from common.claims import claim
from common.invalid import Conflict, FieldError, Invalid, NotAllowed

log = logging.getLogger(__name__)
VALID_FOR = timedelta(days=7)
MOST_OPEN = 200
MAIL_LEASE = timedelta(minutes=5)
MAIL_TRIES = 5
_SIGNER = Signer(salt="accounts.invitation")


class BadInvitation(ValueError):
    """A link that lets nobody in; the message says why."""


@dataclass(frozen=True, slots=True)
class Invited:
    """Who came in by an invitation; `is_new` when they had no account before."""

    user: User
    is_new: bool


@transaction.atomic
def invite(*, workspace: Workspace, email: str, role: str, by: Actor, now: datetime) -> Invitation:
    """An open invitation, with a mail that is due. Another for the same address takes the place of the first.

    Raises Invalid, NotAllowed where somebody who is no owner invites one or the plan has no room, Conflict for a member
    or too many.
    """
    address = email.strip().lower()
    _must_be_address(address)
    _may_give(by, workspace, role)
    if Membership.objects.in_workspace(workspace).filter(user__email=address).exists():
        raise Conflict(f"{address} is a member already.")
    waiting = Invitation.objects.in_workspace(workspace).filter(accepted_at__isnull=True)
    waiting.filter(Q(email=address) | Q(expires_at__lte=now)).delete()
    if waiting.count() >= MOST_OPEN:
        raise Conflict(f"A workspace has at most {MOST_OPEN} open invitations.")
    hold(workspace)
    must_have_room(workspace, workspace.memberships.count() + waiting.count())
    try:
        with transaction.atomic():
            made = Invitation.objects.create(
                workspace=workspace,
                email=address,
                role=role,
                invited_by=by.user,
                expires_at=now + VALID_FOR,
                mail_due_at=now,
            )
    except IntegrityError as error:
        raise Conflict(f"{address} was invited at this moment.") from error
    audit.record(by=by, workspace=workspace, verb="invite", target=made, changes={"role": [None, role]})
    return made


@transaction.atomic
def change_role(*, invitation: Invitation, role: str, by: Actor) -> Invitation:
    """Invites to another role. Raises NotAllowed where an owner is asked for, Conflict when somebody came in by it."""
    found = _open(invitation)
    _may_give(by, found.workspace, role)
    _may_give(by, found.workspace, found.role)
    before, found.role = found.role, role
    if before != role:
        found.save(update_fields=["role"])
        audit.record(by=by, workspace=found.workspace, verb="edit", target=found, changes={"role": [before, role]})
    return found


@transaction.atomic
def revoke(*, invitation: Invitation, by: Actor) -> None:
    """Its link lets nobody in any more. Raises Conflict when somebody came in by it."""
    found = _open(invitation)
    audit.record(by=by, workspace=found.workspace, verb="revoke", target=found)
    found.delete()


def _open(invitation: Invitation) -> Invitation:
    """The invitation, held until the transaction ends. Raises Conflict when somebody came in by it."""
    found = Invitation.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=invitation.pk)
    if found.accepted_at is not None:
        raise Conflict("It has been accepted; change or remove the member instead.")
    return found


def link_of(invitation: Invitation) -> str:
    """The address that the mail holds: whoever reads that mailbox has it."""
    return f"{settings.PUBLIC_URL}/invitations/{_SIGNER.sign_object([invitation.pk, invitation.email])}"


def invitation_of(token: str, *, now: datetime) -> Invitation:
    """The open invitation of a link. Raises BadInvitation."""
    try:
        pk, email = _SIGNER.unsign_object(token)
    except (BadSignature, ValueError) as error:
        raise BadInvitation("This link was not made here, or was cut on its way.") from error
    found = Invitation.objects.select_related("workspace", "invited_by").filter(pk=pk, email=email).first()
    if found is None:
        raise BadInvitation("This invitation was taken back.")
    if found.accepted_at is not None:
        raise BadInvitation("This invitation has been accepted already. Sign in to use the workspace.")
    if found.expires_at <= now:
        raise BadInvitation(f"This invitation is older than {VALID_FOR.days} days. Ask for another.")
    return found


@transaction.atomic
def accept(*, token: str, user: User | None, name: str, password: str, address: str | None, now: datetime) -> Invited:
    """Lets the invited person in: `user` where signed in, whose address must be the invited one, else a new account.

    Raises BadInvitation, Invalid for an unfit password, Conflict where the account exists and nobody is signed in,
    NotAllowed where the plan has no room any more.
    """
    invitation = invitation_of(token, now=now)
    invitation = Invitation.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=invitation.pk)
    if invitation.accepted_at is not None:
        raise BadInvitation("This invitation has been accepted already.")
    if user is not None and user.email != invitation.email:
        raise BadInvitation(f"This invitation is for {invitation.email}; you are signed in as {user.email}.")
    _must_find_room(invitation.workspace, user)
    is_new = user is None
    if user is None:
        user = _new_account(invitation.email, name, password)
    Membership.objects.get_or_create(
        workspace=invitation.workspace, user=user, defaults={"role": invitation.role, "created_at": now}
    )
    invitation.accepted_at, invitation.mail_due_at = now, None
    invitation.save(update_fields=["accepted_at", "mail_due_at"])
    changes = {"role": [None, invitation.role]}
    audit.record(
        by=Actor(user, address=address),
        workspace=invitation.workspace,
        verb="accept",
        target=invitation,
        changes=changes,
    )
    return Invited(user, is_new)


def _must_find_room(workspace: Workspace, user: User | None) -> None:
    hold(workspace)
    members = workspace.memberships.all()
    if user is None or not members.filter(user=user).exists():
        must_have_room(workspace, members.count())


def send_due_mails(*, now: datetime) -> int:
    """Sends the mails that are due, each tried for some hours; returns how many went out. Without SMTP they wait."""
    if not settings.EMAIL_HOST:
        return 0
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
    due = Invitation.objects.filter(free, mail_due_at__lte=now, expires_at__gt=now).order_by("mail_due_at")
    found = claim(due, limit=20, claimed_until=now + MAIL_LEASE) if due.exists() else []
    return sum(_send(one, now) for one in found)


def _send(invitation: Invitation, now: datetime) -> bool:
    workspace = Workspace.objects.get(pk=invitation.workspace_id)
    text = (
        f"You are invited to the workspace {workspace.name} on WebSignal.\n\n"
        f"Open this address within {VALID_FOR.days} days to come in:\n{link_of(invitation)}\n\n"
        "If you do not know who invites you, do nothing.\n"
    )
    mine = Invitation.objects.filter(pk=invitation.pk)
    try:
        subject = " ".join(f"Invitation to {workspace.name}".split())
        send_mail(subject, text, None, [invitation.email])
    except OSError as error:
        log.warning("the invitation %d could not be mailed: %s", invitation.pk, error)
        tries = invitation.mail_tries + 1
        again = now + timedelta(minutes=4**tries) if tries < MAIL_TRIES else None
        mine.update(mail_tries=tries, mail_due_at=again, claimed_until=None)
        return False
    mine.update(mail_due_at=None, claimed_until=None)
    return True


def _new_account(email: str, name: str, password: str) -> User:
    if User.objects.filter(email=email).exists():
        raise Conflict(f"{email} has an account already: sign in, then open the link again.")
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise Invalid([FieldError("/password", "weak", text) for text in error.messages]) from error
    return services.create_user(email=email, password=password, name=name.strip()[:120])


def _must_be_address(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError as error:
        raise Invalid([FieldError("/email", "email", "This is no email address.")]) from error


def _may_give(by: Actor, workspace: Workspace, role: str) -> None:
    if role != Role.OWNER or by.user is None:
        return
    if not Membership.objects.in_workspace(workspace).filter(user=by.user, role=Role.OWNER).exists():
        raise NotAllowed("Only an owner invites an owner.")
