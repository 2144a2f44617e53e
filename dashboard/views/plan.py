"""Settings: what the workspace may use and uses, the trial, and leaving for good."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.leaving import delete_user
from accounts.models import Role
from billing import selectors, trials
from billing.limits import limits_of
from billing.usage import usage_of
from common import clock
from common.invalid import Conflict
from dashboard.access import WorkspacePage
from dashboard.forms.settings import DeleteAccountForm


class PlanPage(WorkspacePage):
    """The plan of the workspace, what it uses, and what else is sold."""

    def get(self, request: HttpRequest) -> HttpResponse:
        now = clock.now()
        limits = limits_of(self.workspace, now=now)
        context = {
            "nav_section": "settings",
            "tab": "plan",
            "now": now,
            "limits": limits,
            "uses": usage_of(self.workspace, limits, now=now),
            "subscription": selectors.subscription_of(self.workspace),
            "trial": selectors.trial_of(self.request.user, now=now),
            "trial_days": settings.TRIAL_DAYS,
            "plans": selectors.offered_plans() if settings.BILLING_ENABLED else [],
        }
        return render(request, "dashboard/plan.html", context)


class TrialAct(WorkspacePage):
    """Starts or cancels the person's own trial."""

    write_role = Role.VIEWER

    def post(self, request: HttpRequest, act: str) -> HttpResponse:
        user, now = self.request.user, clock.now()
        try:
            if act == "start":
                trial = trials.start_trial(user=user, by=self.actor, now=now)
                messages.success(request, f"You try {trial.plan.name} until {trial.ends_at:%-d %b %Y}.")
            else:
                trials.cancel_trial(user=user, by=self.actor, now=now)
                messages.success(request, "Your trial is over.")
        except Conflict as conflict:
            messages.error(request, str(conflict))
        return redirect("plan")


class AccountDelete(WorkspacePage):
    """Erases the person who asks, once they have typed who they are."""

    write_role = Role.VIEWER

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(DeleteAccountForm(user=self.request.user))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = DeleteAccountForm(request.POST, user=self.request.user)
        if not form.is_valid():
            return self._page(form, status=400)
        try:
            delete_user(user=self.request.user, by=self.actor)
        except Conflict as conflict:
            form.add_error(None, str(conflict))
            return self._page(form, status=409)
        logout(request)
        messages.success(request, "Your account is deleted.")
        return redirect("sign-in")

    def _page(self, form: DeleteAccountForm, status: int = 200) -> HttpResponse:
        context = {"nav_section": "settings", "tab": "profile", "form": form}
        return render(self.request, "dashboard/account_delete.html", context, status=status)
