"""Settings, Members: who is in the workspace, in which role, and who is invited."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts import invitations, members
from accounts.middleware import SESSION_KEY
from accounts.models import Invitation, Membership, Role
from accounts.roles import at_least
from accounts.selectors import members_of, open_invitations, owners
from common import clock
from common.invalid import Conflict, NotAllowed
from dashboard.access import WorkspacePage
from dashboard.forms.members import MAY, InvitationForm, RoleForm
from dashboard.menus import Item, invitation_menu, member_menu

_BIGGEST_ID = 2**63 - 1


class MemberPages(WorkspacePage):
    """What the addresses of members and invitations share: the page of both."""

    write_role = Role.ADMIN

    def invited(self, invitation: Invitation) -> HttpResponse:
        """Says that a mail goes out; without a mail server shows the link this once, to be handed over."""
        if not settings.EMAIL_HOST:
            return self.page(link=invitations.link_of(invitation), invitation=invitation)
        messages.success(self.request, f"An invitation is on its way to {invitation.email}.")
        return redirect("members")

    def page(
        self,
        form: InvitationForm | None = None,
        *,
        link: str = "",
        invitation: Invitation | None = None,
        status: int = 200,
    ) -> HttpResponse:
        mine = self.request.membership
        is_admin = at_least(mine.role, Role.ADMIN)
        context = {
            "nav_section": "settings",
            "tab": "members",
            "now": clock.now(),
            "mine": mine,
            "members": [(one, _menu(mine, one)) for one in members_of(self.workspace)],
            "invitations": self._invitations() if is_admin else [],
            "form": form or InvitationForm(given_by=mine.role, initial={"role": Role.MEMBER}),
            "roles": [(role.label, text) for role, text in MAY.items()],
            "is_last_owner": mine.role == Role.OWNER and owners(self.workspace).count() == 1,
            "email_is_set": bool(settings.EMAIL_HOST),
            "link": link,
            "invitation": invitation,
        }
        response = render(self.request, "dashboard/members.html", context, status=status)
        if link:
            response["Cache-Control"] = "no-store"
        return response

    def _invitations(self) -> list[tuple[Invitation, list[Item]]]:
        is_mailed = bool(settings.EMAIL_HOST)
        return [(one, invitation_menu(one, is_mailed=is_mailed)) for one in open_invitations(self.workspace)]


class MemberList(MemberPages):
    """Everybody here, for everybody; invitations for admins, who may also send one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page()

    def post(self, request: HttpRequest) -> HttpResponse:
        form = InvitationForm(request.POST, given_by=self.request.membership.role)
        now = clock.now()
        made = form.saved(
            lambda: invitations.invite(workspace=self.workspace, by=self.actor, now=now, **form.cleaned_data)
        )
        return self.page(form, status=400) if made is None else self.invited(made)


class MemberEdit(WorkspacePage):
    """One member: their role, and removing them. Only an owner touches an owner."""

    read_role = write_role = Role.ADMIN

    def get(self, request: HttpRequest, member_id: int) -> HttpResponse:
        return self._page(_member(self, member_id))

    def post(self, request: HttpRequest, member_id: int) -> HttpResponse:
        member = _member(self, member_id)
        if not _may_change(self.request.membership, member):
            raise PermissionDenied("Only an owner changes an owner.")
        form = RoleForm(request.POST, given_by=self.request.membership.role)
        changed = form.saved(lambda: members.change_role(member=member, by=self.actor, **form.cleaned_data))
        if changed is None:
            return self._page(member, form, status=400)
        messages.success(request, f"{member.user.get_full_name()} is {_a(changed.get_role_display())} now.")
        return redirect("members")

    def _page(self, member: Membership, form: RoleForm | None = None, status: int = 200) -> HttpResponse:
        mine = self.request.membership
        context = {
            "nav_section": "settings",
            "now": clock.now(),
            "member": member,
            "is_self": member.pk == mine.pk,
            "may_change": _may_change(mine, member),
            "form": form or RoleForm(given_by=mine.role, initial={"role": member.role}),
        }
        return render(self.request, "dashboard/member.html", context, status=status)


class MemberRemove(WorkspacePage):
    """Removes a member, or leaves: the service says who may."""

    write_role = Role.VIEWER

    def post(self, request: HttpRequest, member_id: int) -> HttpResponse:
        member = _member(self, member_id)
        is_self = member.user_id == self.request.user.pk
        try:
            members.remove_member(member=member, by=self.actor)
        except NotAllowed as refused:
            raise PermissionDenied(str(refused)) from refused
        except Conflict as conflict:
            messages.error(request, str(conflict))
            return redirect("members")
        if is_self:
            request.session.pop(SESSION_KEY, None)
            messages.success(request, f"You have left {self.workspace.name}.")
            return redirect("home")
        messages.success(request, f"{member.user.get_full_name()} is no member any more.")
        return redirect("members")


class InvitationAct(MemberPages):
    """Sends an invitation again, with another link, or takes it back."""

    def post(self, request: HttpRequest, invitation_id: int, act: str) -> HttpResponse:
        found = open_invitations(self.workspace).filter(pk=min(invitation_id, _BIGGEST_ID)).first()
        if found is None:
            raise Http404("There is no such invitation here.")
        try:
            if act == "resend":
                return self.invited(
                    invitations.invite(
                        workspace=self.workspace, email=found.email, role=found.role, by=self.actor, now=clock.now()
                    )
                )
            invitations.revoke(invitation=found, by=self.actor)
            messages.success(request, f"The invitation of {found.email} is taken back.")
        except (Conflict, NotAllowed) as refused:
            messages.error(request, str(refused))
        return redirect("members")


def _member(page: WorkspacePage, member_id: int) -> Membership:
    found = members_of(page.workspace).filter(pk=min(member_id, _BIGGEST_ID)).first()
    if found is None:
        raise Http404("There is no such member here.")
    return found


def _may_change(mine: Membership, member: Membership) -> bool:
    return at_least(mine.role, Role.OWNER if member.role == Role.OWNER else Role.ADMIN)


def _menu(mine: Membership, member: Membership) -> list[Item]:
    return member_menu(member, dialog=f"remove-{member.pk}") if _may_change(mine, member) else []


def _a(role: str) -> str:
    return f"{'an' if role[0] in 'AO' else 'a'} {role.lower()}"
