"""Settings: the person, the workspace, API tokens, the audit log."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.messages.views import SuccessMessageMixin
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy

from accounts import services
from accounts.middleware import SESSION_KEY
from accounts.models import ApiToken, AuditEntry, Membership, Role
from accounts.selectors import memberships
from common import clock
from dashboard.access import WorkspacePage
from dashboard.forms.settings import ProfileForm, TokenForm, WorkspaceForm


class SettingsPage(WorkspacePage):
    """The person and the workspace."""

    write_role = Role.VIEWER

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page()

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ProfileForm(request.POST)
        if not form.is_valid():
            return self.page(form, status=400)
        services.edit_user(user=self.request.user, workspace=self.workspace, by=self.actor, fields=form.cleaned_data)
        messages.success(request, "Your profile is saved.")
        return redirect("settings")

    def page(
        self, form: ProfileForm | None = None, workspace_form: WorkspaceForm | None = None, status: int = 200
    ) -> HttpResponse:
        user = self.request.user
        context = {
            "nav_section": "settings",
            "tab": "profile",
            "form": form or ProfileForm(initial={"name": user.name, "timezone": user.timezone}),
            "workspace_form": workspace_form
            or WorkspaceForm(initial={"name": self.workspace.name}, prefix="workspace"),
            "members": Membership.objects.in_workspace(self.workspace).select_related("user").order_by("created_at"),
        }
        return render(self.request, "dashboard/settings.html", context, status=status)


class WorkspaceEdit(SettingsPage):
    """Renames the workspace."""

    write_role = Role.ADMIN

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect("settings")

    def post(self, request: HttpRequest) -> HttpResponse:
        form = WorkspaceForm(request.POST, prefix="workspace")
        if not form.is_valid():
            return self.page(workspace_form=form, status=400)
        name = form.cleaned_data["name"]
        services.rename_workspace(workspace=self.workspace, name=name, by=self.actor)
        messages.success(request, f"The workspace is called {name}.")
        return redirect("settings")


class WorkspaceSwitch(WorkspacePage):
    """Picks the workspace that this session works in."""

    write_role = Role.VIEWER

    def post(self, request: HttpRequest) -> HttpResponse:
        wanted = request.POST.get("workspace", "")
        found = {str(one.workspace_id): one.workspace_id for one in memberships(self.request.user)}
        if wanted not in found:
            raise Http404("You are no member of this workspace.")
        request.session[SESSION_KEY] = found[wanted]
        return redirect("home")


class TokenList(WorkspacePage):
    """The person's API tokens in this workspace; making one shows its secret once."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(TokenForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = TokenForm(request.POST)
        if not form.is_valid():
            return self._page(form, status=400)
        days = form.cleaned_data["expires_in_days"]
        made = services.create_token(
            user=self.request.user,
            workspace=self.workspace,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=clock.now() + timedelta(days=days) if days else None,
            by=self.actor,
        )
        return self._page(TokenForm(), secret=made.secret)

    def _page(self, form: TokenForm, *, secret: str = "", status: int = 200) -> HttpResponse:
        tokens = ApiToken.objects.in_workspace(self.workspace).filter(user=self.request.user).order_by("-created_at")
        context = {
            "nav_section": "settings",
            "tab": "tokens",
            "form": form,
            "tokens": tokens,
            "secret": secret,
            "example": f'curl -H "Authorization: Bearer {secret}" {settings.PUBLIC_URL}/api/v1/monitor',
            "now": clock.now(),
        }
        return render(self.request, "dashboard/tokens.html", context, status=status)


class TokenRevoke(WorkspacePage):
    """Ends one of the person's tokens, at once."""

    def post(self, request: HttpRequest, token_id: int) -> HttpResponse:
        found = ApiToken.objects.in_workspace(self.workspace).filter(user=self.request.user)
        token = found.filter(pk=min(token_id, 2**63 - 1)).first()
        if token is None:
            raise Http404("You have no such token here.")
        services.revoke_token(token=token, by=self.actor)
        messages.success(request, f"{token.name} is revoked.")
        return redirect("tokens")


class AuditLog(WorkspacePage):
    """Who changed what, newest first; for admins."""

    read_role = Role.ADMIN

    def get(self, request: HttpRequest) -> HttpResponse:
        found = (
            AuditEntry.objects.in_workspace(self.workspace)
            .select_related("token", "application")
            .order_by("-created_at", "-pk")
        )
        context = {
            "nav_section": "settings",
            "tab": "audit",
            "now": clock.now(),
            "page": Paginator(found, 50).get_page(request.GET.get("page")),
        }
        return render(request, "dashboard/audit.html", context)


class PasswordChange(SuccessMessageMixin[PasswordChangeForm], auth_views.PasswordChangeView):
    """Changes the password of the signed-in person; other sessions end."""

    template_name = "dashboard/password.html"
    success_url = reverse_lazy("settings")
    success_message = "Your password is changed."
    extra_context = {"nav_section": "settings", "tab": "password"}
