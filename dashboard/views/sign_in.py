"""Signing in, held to so many tries, and a new password by email."""

from typing import Any

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.views.generic import FormView

from accounts import passwords, tries
from alerts.words import duration
from common.client_address import client_address
from dashboard.forms.settings import ResetForm


class SignIn(auth_views.LoginView):
    """Email and password; too many tries wait."""

    template_name = "dashboard/sign_in.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        email = request.POST.get("username", "")
        if wait := tries.wait_for_sign_in(email=email, address=client_address(request)):
            # Unbound: a bound one would try the password when it is shown.
            form = AuthenticationForm(request, initial={"username": email})
            return _too_many(self, form, wait)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        tries.forget_sign_ins(email=form.get_user().get_username(), address=client_address(self.request))
        return super().form_valid(form)


class PasswordReset(FormView[ResetForm]):
    """Asks for the link; the answer is the same whether or not the address has an account."""

    template_name = "dashboard/password_reset.html"
    form_class = ResetForm

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(**context) | {"email_is_set": bool(settings.EMAIL_HOST)}

    def form_valid(self, form: ResetForm) -> HttpResponse:
        if wait := tries.wait_for_reset(address=client_address(self.request)):
            return _too_many(self, ResetForm(), wait)
        if settings.EMAIL_HOST:
            passwords.ask_for_link(email=form.cleaned_data["email"])
        return self.render_to_response(self.get_context_data(form=form, is_done=bool(settings.EMAIL_HOST)))


class PasswordResetConfirm(SuccessMessageMixin["SetPasswordForm[Any]"], auth_views.PasswordResetConfirmView):
    """Behind the link: a new password, twice."""

    template_name = "dashboard/password_choose.html"
    success_url = reverse_lazy("sign-in")
    success_message = "Your password is changed. Sign in with it."

    def form_valid(self, form: "SetPasswordForm[Any]") -> HttpResponse:
        tries.forget_sign_ins(email=form.user.get_username(), address=client_address(self.request))
        return super().form_valid(form)


def _too_many(view: Any, form: Any, wait: int) -> HttpResponse:
    """429 (RFC 6585 section 4) with the page that says how long to wait."""
    context = view.get_context_data(form=form, wait=duration(-(-wait // 60) * 60))
    response: HttpResponse = view.render_to_response(context)
    response.status_code = 429
    response["Retry-After"] = str(wait)
    return response
