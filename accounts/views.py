"""The page behind an invitation's link: GET shows who invites, POST comes in, for mail scanners follow links."""

from typing import Any

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from accounts import invitations
from accounts.forms import NewAccountForm
from accounts.invitations import BadInvitation
from accounts.middleware import SESSION_KEY
from accounts.models import User
from common.client_address import client_address
from common.clock import now as clock_now
from common.invalid import Conflict, Invalid, NotAllowed


@method_decorator(never_cache, name="dispatch")
class InvitationView(View):
    """Comes in as the person signed in, or with a new account."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._page(request, token)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        user = request.user if isinstance(request.user, User) else None
        try:
            workspace = invitations.invitation_of(token, now=clock_now()).workspace_id
            come = invitations.accept(
                token=token,
                user=user,
                name=request.POST.get("name", "").replace("\x00", ""),
                password=request.POST.get("password", ""),
                address=client_address(request),
                now=clock_now(),
            )
        except BadInvitation as error:
            return self._shown(request, 404, refusal=str(error))
        except Conflict as error:
            return self._page(request, token, 409, wrong=[str(error)])
        except NotAllowed as error:
            return self._page(request, token, 403, wrong=[str(error)])
        except Invalid as invalid:
            return self._page(request, token, 400, wrong=[one.detail for one in invalid.errors])
        if come.is_new:
            login(request, come.user, backend="django.contrib.auth.backends.ModelBackend")
        request.session[SESSION_KEY] = workspace
        return redirect("home")

    def _page(self, request: HttpRequest, token: str, status: int = 200, **context: Any) -> HttpResponse:
        try:
            invitation = invitations.invitation_of(token, now=clock_now())
        except BadInvitation as error:
            return self._shown(request, 404, refusal=str(error))
        is_somebody_else = request.user.is_authenticated and request.user.email != invitation.email
        has_account = User.objects.filter(email=invitation.email).exists()
        return self._shown(
            request,
            status,
            invitation=invitation,
            is_somebody_else=is_somebody_else,
            has_account=has_account,
            form=NewAccountForm(initial={"name": request.POST.get("name", "")}),
            **context,
        )

    def _shown(self, request: HttpRequest, status: int, **context: Any) -> HttpResponse:
        response = render(request, "accounts/invitation.html", context, status=status)
        # Its address holds a secret, so no other site learns it.
        response["Referrer-Policy"] = "same-origin"
        response["X-Robots-Tag"] = "noindex"
        return response
