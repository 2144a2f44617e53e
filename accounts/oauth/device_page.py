"""`/oauth/device`: a person types the code that a device shows, sees what it asks for, and decides (RFC 8628)."""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from accounts.actor import Actor
from accounts.models import Membership, OAuthDeviceGrant, User
from accounts.oauth import devices, throttle
from accounts.oauth.forms import DeviceForm, UserCodeForm, workspace_choices
from accounts.oauth.rights import OfferedScopes, fitting_memberships
from accounts.oauth.selectors import application_of, pending_device
from accounts.selectors import memberships
from common import clock
from common.client_address import client_address
from common.invalid import FieldError, Invalid

UNKNOWN = "No device waits with this code: it may have run out. Start again on the device."
RESULTS = ("allowed", "denied")


@method_decorator(never_cache, name="dispatch")
class DevicePage(LoginRequiredMixin, View):
    """Three steps at one address: the code, the question, the end. A code in the address is only filled in."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        if (result := request.GET.get("result")) in RESULTS:
            return render(request, "accounts/oauth/device_done.html", {"is_allowed": result == "allowed"})
        return self._ask_code(UserCodeForm(initial={"user_code": request.GET.get("user_code", "")[:20]}))

    def post(self, request: HttpRequest) -> HttpResponse:
        if wait := throttle.wait_for("user-code", str(self._person.pk)):
            form = UserCodeForm(request.POST)
            form.add_error("user_code", f"Too many tries. Wait {wait // 60 + 1} min.")
            return self._ask_code(form, status=429, **{"Retry-After": str(wait)})
        return self._decide() if "decision" in request.POST else self._find()

    @property
    def _person(self) -> User:
        return self.request.user  # type: ignore[return-value]

    def _find(self) -> HttpResponse:
        form = UserCodeForm(self.request.POST)
        if not form.is_valid():
            return self._ask_code(form, status=400)
        device = pending_device(form.cleaned_data["user_code"], clock.now())
        if device is None:
            form.add_error("user_code", UNKNOWN)
            return self._ask_code(form, status=400)
        return self._ask_decision(device)

    def _decide(self) -> HttpResponse:
        form = DeviceForm(self.request.POST)
        form.fields["workspace"].choices = workspace_choices(self._memberships)  # type: ignore[attr-defined]
        form.is_valid()
        device = pending_device(form.cleaned_data.get("user_code", ""), clock.now())
        if device is None:
            again = UserCodeForm(self.request.POST)
            again.add_error("user_code", UNKNOWN)
            return self._ask_code(again, status=400)
        if form.errors:
            return self._ask_decision(device, form, status=400)
        try:
            result = self._carry_out(device, form)
        except Invalid as invalid:
            form.add_error("workspace", invalid.errors[0].detail)
            return self._ask_decision(device, form, status=400)
        return redirect(f"{reverse('oauth2_provider:device')}?result={result}")

    def _carry_out(self, device: OAuthDeviceGrant, form: DeviceForm) -> str:
        now = clock.now()
        if self.request.POST["decision"] != "allow":
            devices.deny_device(typed=device.user_code, now=now)
            return "denied"
        wanted = form.cleaned_data["workspace"]
        chosen = next((one for one in self._memberships if str(one.workspace_id) == wanted), None)
        if chosen is None:
            raise Invalid([FieldError("/workspace", "required", "Choose a workspace.")])
        by = Actor(self._person, address=client_address(self.request))
        devices.allow_device(typed=device.user_code, membership=chosen, by=by, now=now)
        return "allowed"

    @property
    def _memberships(self) -> list[Membership]:
        return list(memberships(self._person))

    def _ask_code(self, form: UserCodeForm, status: int = 200, **headers: str) -> HttpResponse:
        response = render(self.request, "accounts/oauth/device.html", {"form": form}, status=status)
        for name, value in headers.items():
            response[name] = value
        return response

    def _ask_decision(
        self, device: OAuthDeviceGrant, form: DeviceForm | None = None, status: int = 200
    ) -> HttpResponse:
        scopes = device.scope.split()
        choices = fitting_memberships(self._person, scopes)
        form = form or DeviceForm(initial={"user_code": device.user_code})
        form.fields["workspace"].choices = workspace_choices(choices)  # type: ignore[attr-defined]
        texts = OfferedScopes().get_all_scopes()
        context: dict[str, Any] = {
            "form": form,
            "device": device,
            "application": application_of(device),
            "scopes_descriptions": [texts.get(scope, scope) for scope in scopes],
            "is_fitting": bool(choices),
        }
        return render(self.request, "accounts/oauth/device_confirm.html", context, status=status)
