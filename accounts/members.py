"""Writes of members: another role, and leaving or being removed. A workspace always keeps an owner."""

from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from accounts.models import ApiToken, Membership, Role, Workspace
from accounts.roles import at_least
from common.invalid import Conflict, NotAllowed


@transaction.atomic
def change_role(*, member: Membership, role: str, by: Actor) -> Membership:
    """Another role. Admins do this; only an owner makes an owner, or something else of one.

    Raises NotAllowed, Conflict when it would leave the workspace without an owner or the person is no member any more.
    """
    member = _held(member)
    _must_outrank(by, member.workspace, member.role, role)
    if role == member.role:
        return member
    if member.role == Role.OWNER:
        _must_leave_an_owner(member)
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    audit.record(by=by, workspace=member.workspace, verb="edit", target=member, changes={"role": [before, role]})
    return member


@transaction.atomic
def remove_member(*, member: Membership, by: Actor) -> None:
    """Ends a membership with its tokens, at once. Admins do this, and anybody may leave. Raises as `change_role`."""
    member = _held(member)
    if by.user is None or by.user.pk != member.user_id:
        _must_outrank(by, member.workspace, member.role)
    if member.role == Role.OWNER:
        _must_leave_an_owner(member)
    audit.record(by=by, workspace=member.workspace, verb="remove", target=member)
    # They would live again with a later membership.
    ApiToken.objects.filter(workspace=member.workspace, user=member.user_id).delete()
    member.delete()


def must_outrank(by: Actor, member: Membership) -> None:
    """Raises NotAllowed where the acting person may not touch this member, whatever they want of them."""
    _must_outrank(by, member.workspace, member.role)


def _held(member: Membership) -> Membership:
    """As it is now. The workspace is held first: two owners who leave at once leave one after the other."""
    Workspace.objects.select_for_update(no_key=True).get(pk=member.workspace_id)
    found = Membership.objects.select_related("workspace", "user").filter(pk=member.pk).first()
    if found is None:
        raise Conflict("This person is no member any more.")
    return found


def _must_outrank(by: Actor, workspace: Workspace, *roles: str) -> None:
    """The acting member needs ADMIN, and OWNER wherever an owner is concerned. The platform itself may."""
    if by.user is None:
        return
    mine = Membership.objects.in_workspace(workspace).filter(user=by.user).values_list("role", flat=True).first()
    needed = Role.OWNER if Role.OWNER in roles else Role.ADMIN
    if mine is None or not at_least(mine, needed):
        raise NotAllowed(f"This needs the role {needed} in the workspace; you have {mine or 'none'}.")


def _must_leave_an_owner(member: Membership) -> None:
    others = Membership.objects.in_workspace(member.workspace).filter(role=Role.OWNER, user__is_active=True)
    if not others.exclude(pk=member.pk).exists():
        raise Conflict("A workspace keeps at least one owner; make somebody else an owner first.")
