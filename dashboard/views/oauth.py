"""Settings, Applications: OAuth applications that people register, and those that they let act for them."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import OAuthApplication, Role
from accounts.oauth import services
from accounts.oauth.revoking import revoke_authorization
from accounts.oauth.selectors import applications, authorizations
from common import clock
from common.invalid import Conflict, Invalid
from dashboard.access import WorkspacePage
from dashboard.forms.oauth import ApplicationForm, NewApplicationForm, edit_form

_BIGGEST_ID = 2**63 - 1


class ApplicationPages(WorkspacePage):
    """What the pages of applications share."""

    write_role = Role.VIEWER

    def found(self, application_id: int) -> OAuthApplication:
        """One that this member may see. Raises Http404."""
        one = applications(self.request.membership).filter(pk=min(application_id, _BIGGEST_ID)).first()
        if one is None:
            raise Http404("There is no such application here.")
        return one

    def own(self, application_id: int) -> OAuthApplication:
        """One of the person's own: an admin may delete another's, not take it over."""
        one = self.found(application_id)
        if one.user_id != self.request.user.pk:
            raise PermissionDenied("Only whoever registered an application may change it.")
        return one


class ApplicationList(ApplicationPages):
    """The applications registered here and what acts for the person; registering one shows its secret once."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(NewApplicationForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewApplicationForm(request.POST)
        if not form.is_valid():
            return self._page(form, status=400)
        try:
            made = services.create_application(
                user=self.request.user, workspace=self.workspace, by=self.actor, **form.wanted()
            )
        except Invalid as invalid:
            form.add_invalid(invalid)
            return self._page(form, status=400)
        return _shown(self, made.application, made.secret, status=201)

    def _page(self, form: NewApplicationForm, status: int = 200) -> HttpResponse:
        now = clock.now()
        context = {
            "nav_section": "settings",
            "tab": "applications",
            "form": form,
            "applications": applications(self.request.membership),
            "authorizations": authorizations(self.request.user, now),
            "now": now,
        }
        return render(self.request, "dashboard/oauth_list.html", context, status=status)


class ApplicationEdit(ApplicationPages):
    """One application: name, redirect addresses, scopes."""

    def get(self, request: HttpRequest, application_id: int) -> HttpResponse:
        return _shown(self, self.found(application_id))

    def post(self, request: HttpRequest, application_id: int) -> HttpResponse:
        application = self.own(application_id)
        form = edit_form(application, request.POST)
        if not form.is_valid():
            return _shown(self, application, form=form, status=400)
        try:
            services.edit_application(application=application, by=self.actor, **form.wanted())
        except Invalid as invalid:
            form.add_invalid(invalid)
            return _shown(self, application, form=form, status=400)
        messages.success(request, f"{application.name} is saved.")
        return redirect("application", application_id)


class ApplicationRoll(ApplicationPages):
    """Another secret, shown this once."""

    def post(self, request: HttpRequest, application_id: int) -> HttpResponse:
        application = self.own(application_id)
        try:
            secret = services.roll_secret(application=application, by=self.actor)
        except Conflict as conflict:
            messages.error(request, str(conflict))
            return redirect("application", application_id)
        return _shown(self, application, secret)


class ApplicationDelete(ApplicationPages):
    """Removes an application: one's own, an admin anybody's."""

    def post(self, request: HttpRequest, application_id: int) -> HttpResponse:
        application = self.found(application_id)
        name = application.name
        services.delete_application(application=application, by=self.actor)
        messages.success(request, f"{name} is deleted.")
        return redirect("applications")


class AuthorizationRevoke(ApplicationPages):
    """Takes back what the person allowed an application in one of their workspaces."""

    def post(self, request: HttpRequest, application_id: int, workspace_id: int) -> HttpResponse:
        given = authorizations(self.request.user, clock.now())
        found = [one for one in given if (one.application.pk, one.workspace.pk) == (application_id, workspace_id)]
        if not found:
            raise Http404("Nothing like this acts for you.")
        one = found[0]
        revoke_authorization(
            user=self.request.user, application=one.application, workspace=one.workspace, by=self.actor
        )
        messages.success(request, f"{one.application.name} acts for you no more.")
        return redirect("applications")


def _shown(
    page: ApplicationPages,
    application: OAuthApplication,
    secret: str = "",
    form: ApplicationForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "nav_section": "settings",
        "tab": "applications",
        "application": application,
        "kind_label": services.Kind(services.kind_of(application)).label,
        "is_own": application.user_id == page.request.user.pk,
        "form": form or edit_form(application),
        "secret": secret,
    }
    response = render(page.request, "dashboard/oauth_edit.html", context, status=status)
    if secret:
        response["Cache-Control"] = "no-store"
    return response
