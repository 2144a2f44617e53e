"""`/oauth/authorize`: a person lets an application act for them, in a workspace they choose (RFC 6749 section 4.1)."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from oauth2_provider.exceptions import OAuthToolkitError
from oauth2_provider.settings import oauth2_settings
from oauth2_provider.views import AuthorizationView
from oauthlib.common import add_params_to_uri
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error, InvalidScopeError

from accounts import audit
from accounts.actor import Actor
from accounts.models import Membership, OAuthApplication
from accounts.oauth.forms import ConsentForm, workspace_choices
from accounts.oauth.redirects import consent_policy
from accounts.oauth.rights import fitting_memberships
from accounts.selectors import memberships
from common.client_address import client_address


def _asking(query: QueryDict) -> Any:
    """`query` without the library's way around the question."""
    changed = query.copy()
    changed["approval_prompt"] = "force"
    return changed


@method_decorator(never_cache, name="dispatch")
class Consent(AuthorizationView):
    """Asks each time: an application on a device cannot prove that it is the one that was allowed before."""

    template_name = "accounts/oauth/consent.html"
    error_template_name = "accounts/oauth/error.html"
    form_class = ConsentForm
    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if "none" in request.GET.get("prompt", "").split():
            return self._without_asking(request)
        request.GET = _asking(request.GET)
        answer: HttpResponseBase = super().get(request, *args, **kwargs)
        return answer

    def handle_prompt_login(self) -> HttpResponseBase:
        """Ends the session first: the sign-in page would send somebody who is signed in straight back."""
        logout(self.request)
        answer: HttpResponseBase = super().handle_prompt_login()
        return answer

    def get_form(self, form_class: type[ConsentForm] | None = None) -> ConsentForm:
        form: ConsentForm = super().get_form(form_class)
        form.fields["workspace"].choices = workspace_choices(self._choices())
        current = getattr(self.request, "workspace", None)
        form.fields["workspace"].initial = str(current.pk) if current else None
        return form

    def form_invalid(self, form: ConsentForm) -> HttpResponseBase:
        """A form that was tampered with: the question again."""
        return HttpResponseRedirect(self.request.get_full_path())

    def create_authorization_response(
        self, request: HttpRequest, scopes: str, credentials: dict[str, Any], allow: bool
    ) -> Any:
        """The code is for one workspace; what is allowed is written down with it."""
        if not allow:
            return super().create_authorization_response(request, scopes, credentials, allow)
        credentials["acting"] = self._chosen()
        with transaction.atomic():
            answer = super().create_authorization_response(request, scopes, credentials, allow)
            if "code" in dict(parse_qsl(urlsplit(answer[0]).query)):
                self._write_down(credentials["client_id"], credentials["acting"], scopes)
            return answer

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponseBase:
        if "error" in context:
            self.template_name = self.error_template_name
            refusal: HttpResponseBase = super().render_to_response(context, **kwargs)
            return refusal
        if wrong := self._cannot(context):
            return self._refused(wrong, context)
        response: HttpResponseBase = super().render_to_response(context, **kwargs)
        response["Content-Security-Policy"] = consent_policy(context["redirect_uri"])
        return response

    def redirect(self, redirect_to: str, application: OAuthApplication | None) -> HttpResponseBase:
        """Only to an address of the application that asked, saying who answers (RFC 9207), errors included."""
        if application is None:
            application = OAuthApplication.objects.filter(client_id=self.request.GET.get("client_id", "")).first()
        if "iss" not in dict(parse_qsl(urlsplit(redirect_to).query)):
            redirect_to = add_params_to_uri(redirect_to, [("iss", oauth2_settings.OIDC_ISS_ENDPOINT)])
        answer: HttpResponseBase = super().redirect(redirect_to, application)
        return answer

    def _choices(self) -> list[Membership]:
        """To choose from: where the role is enough; whatever is sent back is judged again with the code."""
        if self.request.method == "POST":
            return list(memberships(self.request.user))
        return fitting_memberships(self.request.user, self.oauth2_data.get("scopes", []))

    def _chosen(self) -> Membership | None:
        found = {str(one.workspace_id): one for one in memberships(self.request.user)}
        return found.get(self.request.POST.get("workspace", "")) or getattr(self.request, "membership", None)

    def _cannot(self, context: dict[str, Any]) -> Any:
        """The error that this request ends with before anybody is asked, or None."""
        state = context.get("state")
        if any(one.rstrip("/") != settings.PUBLIC_URL for one in context.get("resource", "").split()):
            return CustomOAuth2Error(error="invalid_target", description="There is no such resource here.", state=state)
        if not context["form"].fields["workspace"].choices:
            return InvalidScopeError(description="Your role in no workspace allows this.", state=state)
        return None

    def _without_asking(self, request: HttpRequest) -> HttpResponseBase:
        """`prompt=none` (OpenID Connect Core section 3.1.2.6): nobody is let in without a question."""
        try:
            _, credentials = self.validate_authorization_request(request)
        except OAuthToolkitError as error:
            refusal: HttpResponseBase = self.error_response(error, application=None)
            return refusal
        state = credentials.get("state")
        wrong = CustomOAuth2Error(error="consent_required", description="The person must be asked.", state=state)
        return self._refused(wrong, credentials)

    def _refused(self, error: Any, context: dict[str, Any]) -> HttpResponseBase:
        wrapped = OAuthToolkitError(error=error, redirect_uri=context["redirect_uri"])
        answer: HttpResponseBase = self.error_response(wrapped, context.get("application"))
        return answer

    def _write_down(self, client_id: str, acting: Membership, scopes: str) -> None:
        audit.record(
            by=Actor(acting.user, address=client_address(self.request)),
            workspace=acting.workspace,
            verb="authorize",
            target=OAuthApplication.objects.get(client_id=client_id),
            changes={"scopes": [None, scopes.split()]},
        )
