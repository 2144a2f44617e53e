"""A person leaves for good: their data is erased, their workspaces are handed over or go with them."""

from django.db import transaction
from django.db.models import Case, IntegerField, Q, TextField, Value, When
from django.db.models.functions import Cast

from accounts import audit, events
from accounts.actor import Actor
from accounts.models import AuditEntry, Membership, Role, User, Workspace
from common.invalid import Conflict

NOBODY = "a deleted person"
_SENIORITY = Case(
    When(role=Role.ADMIN, then=Value(0)),
    When(role=Role.MEMBER, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


@transaction.atomic
def delete_user(*, user: User, by: Actor) -> None:
    """Erases a person; their tokens and sessions end with it. Audit rows stay, with nobody's name.

    A workspace that nobody else owns goes to its most senior other member, or is deleted when there is none. Raises
    Conflict for the last operator, and for a workspace that cannot be deleted yet.
    """
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    _must_leave_an_operator(user)
    for workspace in list(Workspace.objects.filter(memberships__user=user, memberships__role=Role.OWNER)):
        _hand_over(workspace, user, by)
    remaining = list(Workspace.objects.filter(memberships__user=user))
    for workspace in remaining:
        audit.record(by=by, workspace=workspace, verb="delete", target=user)
    events.user_deleted.send(sender=User, user=user, address=user.email, workspaces=remaining)
    _forget(user)
    user.delete()


def _must_leave_an_operator(user: User) -> None:
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    if user.is_superuser and not others.exists():
        raise Conflict("This is the last operator of the platform: make another one first.")


def _hand_over(workspace: Workspace, user: User, by: Actor) -> None:
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
    others = Membership.objects.in_workspace(workspace).filter(user__is_active=True).exclude(user=user)
    if others.filter(role=Role.OWNER).exists():
        return
    heir = others.order_by(_SENIORITY, "created_at", "pk").first()
    if heir is None:
        events.workspace_deleting.send(sender=Workspace, workspace=workspace)
        workspace.delete()
        return
    before, heir.role = heir.role, Role.OWNER
    heir.save(update_fields=["role"])
    audit.record(
        by=by, workspace=workspace, verb="hand_over", target=heir, changes={"role": [before, Role.OWNER.value]}
    )


def _forget(user: User) -> None:
    """Takes name and address out of the audit log; what was done, where and when stays."""
    AuditEntry.objects.filter(user=user).update(actor=NOBODY, address=None)
    about = Q(object_type="user", object_id=str(user.pk)) | Q(object_name__icontains=user.email)
    AuditEntry.objects.filter(about).update(object_name=NOBODY, changes={})
    written = AuditEntry.objects.annotate(text=Cast("changes", TextField()))
    written.filter(text__icontains=user.email).update(changes={})
