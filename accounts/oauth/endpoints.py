"""The endpoints that machines call: tokens, device codes, revocation, introspection, userinfo. JSON always."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.views import RevokeTokenView, TokenView, UserInfoView
from oauth2_provider.views.mixins import OAuthLibMixin

from accounts.models import OAuthApplication
from accounts.oauth import devices, throttle
from accounts.oauth.backend import DeviceServer
from accounts.oauth.selectors import live_access
from common import clock
from common.client_address import client_address

GRANT_TYPES = (
    "authorization_code",
    "client_credentials",
    "refresh_token",
    OAuthApplication.GRANT_DEVICE_CODE,
)
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
Answer = Callable[..., HttpResponseBase]


def oauth_error(status: int, error: str, description: str, **headers: str) -> JsonResponse:
    """An error of RFC 6749 section 5.2."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return JsonResponse({"error": error, "error_description": description}, status=status, headers=named)


def machine_endpoint(name: str) -> Callable[[Answer], Answer]:
    """For `dispatch`: counts who asks under `name`, answers JSON that no cache keeps (RFC 6749 section 5.1)."""

    def decorate(dispatch: Answer) -> Answer:
        @wraps(dispatch)
        def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            wait = throttle.wait_for(name, client_address(request) or "local")
            response: HttpResponseBase
            if wait:
                detail = "Too many requests from this address."
                response = oauth_error(429, "temporarily_unavailable", detail, Retry_After=str(wait))
            else:
                response = dispatch(request, *args, **kwargs)
            response.headers.setdefault("Cache-Control", "no-store")
            response.headers.setdefault("Pragma", "no-cache")
            response["Content-Type"] = JSON
            if response.status_code == 401 and request.headers.get("Authorization", "").lower().startswith("basic"):
                response["WWW-Authenticate"] = 'Basic realm="oauth"'
            return response

        return counted

    return decorate


@method_decorator(machine_endpoint("token"), name="dispatch")
class Token(TokenView):
    """`/oauth/token` (RFC 6749 section 3.2, RFC 8628 section 3.4)."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """One transaction: a code, a device and a refresh token are locked from the look until they are used up."""
        given = request.POST.getlist("grant_type")
        if len(given) != 1:
            return oauth_error(400, "invalid_request", f"grant_type must be given once, in a form ({FORM}).")
        if given[0] not in GRANT_TYPES:
            return oauth_error(400, "unsupported_grant_type", f"Must be one of: {', '.join(GRANT_TYPES)}.")
        with transaction.atomic():
            answer: HttpResponseBase = self.authorization_flow_token_response(request)
            return answer


@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(machine_endpoint("device-authorization"), name="dispatch")
class DeviceAuthorization(OAuthLibMixin, View):
    """`/oauth/device-authorization` (RFC 8628 section 3.1)."""

    server_class = DeviceServer
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """The codes, once a known client asks for scopes that it may have."""
        _, answer, status = self.create_device_authorization_response(request)
        if status != 200:
            return HttpResponse(answer, status=status)
        devices.open_device(
            device_code=answer["device_code"],
            typed=answer["user_code"],
            client_id=request.POST["client_id"],
            scope=answer.get("scope", ""),
            interval=answer["interval"],
            expires=clock.now() + timedelta(seconds=answer["expires_in"]),
        )
        return JsonResponse(answer)


@method_decorator(machine_endpoint("revoke"), name="dispatch")
class Revoke(RevokeTokenView):
    """`/oauth/revoke` (RFC 7009): a token of the client that asks, with what it could be renewed by."""

    http_method_names = ["post"]


@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(machine_endpoint("introspect"), name="dispatch")
class Introspect(OAuthLibMixin, View):
    """`/oauth/introspect` (RFC 7662): for clients that prove who they are, about tokens that concern them."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        client = self._client(request)
        if client is None:
            detail = "Send the client's id and secret."
            return oauth_error(401, "invalid_client", detail, WWW_Authenticate='Basic realm="oauth"')
        token = request.POST.get("token")
        if not token:
            return oauth_error(400, "invalid_request", "token is missing.")
        return JsonResponse(_described(token, client))

    def _client(self, request: HttpRequest) -> OAuthApplication | None:
        core = self.get_oauthlib_core()
        asking = core.as_library_request(request)
        return asking.client if core.server.request_validator.authenticate_client(asking) else None


def _described(token: str, client: OAuthApplication) -> dict[str, Any]:
    """What a client may know: of its own tokens and those of its workspace's applications; else just `active`."""
    found = live_access(token, clock.now())
    if found is None or not _concerns(found[0].application, client):
        return {"active": False}
    access, _ = found
    return {
        "active": True,
        "scope": " ".join(access.scopes),
        "client_id": access.application.client_id,
        "username": access.user.email,
        "sub": str(access.user.pk),
        "token_type": "Bearer",
        "exp": int(access.token.expires.timestamp()),
        "iat": int(access.token.created.timestamp()),
        "iss": settings.PUBLIC_URL,
    }


def _concerns(application: OAuthApplication, client: OAuthApplication) -> bool:
    is_neighbour = application.workspace_id is not None and application.workspace_id == client.workspace_id
    return application == client or is_neighbour


@method_decorator(machine_endpoint("userinfo"), name="dispatch")
class UserInfo(UserInfoView):
    """`/oauth/userinfo` (OpenID Connect Core section 5.3); no token in the address (RFC 9700 section 4.3.2)."""

    http_method_names = ["get", "post"]

    def _create_userinfo_response(self, request: HttpRequest) -> HttpResponseBase:
        if "access_token" in request.GET:
            return oauth_error(400, "invalid_request", "Send the token in the Authorization header.")
        answer: HttpResponseBase = super()._create_userinfo_response(request)
        return answer
