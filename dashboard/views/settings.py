"""Settings: the person, the workspace, the audit log."""

from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.messages.views import SuccessMessageMixin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy

from accounts import services
from accounts.middleware import SESSION_KEY
from accounts.models import AuditEntry, Role
from accounts.selectors import members_of, memberships
from common import clock
from dashboard.access import WorkspacePage
from dashboard.forms.settings import ProfileForm, WorkspaceForm


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


class AuditLog(WorkspacePage):
    """Who changed what, newest first; for admins."""

    read_role = Role.ADMIN

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {
            "nav_section": "settings",
            "tab": "audit",
            "now": clock.now(),
            "page": Paginator(self._found(), 50).get_page(request.GET.get("page")),
            "people": [(str(one.user_id), one.user.get_full_name()) for one in members_of(self.workspace)],
            "user_id": request.GET.get("user", ""),
            "token_id": request.GET.get("token", ""),
        }
        return render(request, "dashboard/audit.html", context)

    def _found(self) -> QuerySet[AuditEntry]:
        """All of them, or those by a person or through a token."""
        found = AuditEntry.objects.in_workspace(self.workspace).select_related("token", "application")
        for name in ("user", "token"):
            given = self.request.GET.get(name, "")
            if given.isascii() and given.isdigit():
                found = found.filter(**{name: int(given[:18])})
        return found.order_by("-created_at", "-pk")


class PasswordChange(SuccessMessageMixin[PasswordChangeForm], auth_views.PasswordChangeView):
    """Changes the password of the signed-in person; other sessions end."""

    template_name = "dashboard/password.html"
    success_url = reverse_lazy("settings")
    success_message = "Your password is changed."
    extra_context = {"nav_section": "settings", "tab": "password"}
