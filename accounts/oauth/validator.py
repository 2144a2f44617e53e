"""What the OAuth library asks of us: clients, codes and tokens, each bound to a workspace and a role."""

import re
from typing import Any

from django.conf import settings
from oauth2_provider.models import get_refresh_token_model
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc6749.utils import scope_to_list

from accounts.models import Membership, OAuthAccess, OAuthApplication, OAuthDeviceGrant, OAuthGrant, User, Workspace
from accounts.oauth import devices
from accounts.oauth.hashers import ClientSecretHasher
from accounts.oauth.revoking import revoke_what_code_gave
from accounts.oauth.rights import above_role
from accounts.oauth.selectors import live_access
from accounts.selectors import digest, membership
from common import clock

_CLIENT_ID = re.compile(r"[\x20-\x7e]{1,255}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_NONCE = re.compile(r"[\x20-\x7e]{0,255}")


class Validator(OAuth2Validator):
    """The library's rules and ours: S256 only, one workspace a token, never more than the role of whom it acts for."""

    oidc_claim_scope = {**OAuth2Validator.oidc_claim_scope, "sub": "openid"}

    # Clients

    def _load_application(self, client_id: Any, request: Any) -> OAuthApplication | None:
        if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
            return None
        found: OAuthApplication | None = super()._load_application(client_id, request)
        return found

    def _extract_basic_auth(self, request: Any) -> str | None:
        given: str | None = super()._extract_basic_auth(request)
        return given if given and given.isascii() else None

    def _check_secret(self, provided_secret: str, stored_secret: str) -> bool:
        hasher = ClientSecretHasher()
        if stored_secret.startswith(f"{hasher.algorithm}$"):
            return hasher.verify(provided_secret, stored_secret)
        return bool(super()._check_secret(provided_secret, stored_secret))

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Only a client that has a secret can prove who it is."""
        return bool(super().authenticate_client(request, *args, **kwargs)) and not request.client.is_public

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: OAuthApplication, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """A machine's application is good for as long as whoever registered it is a member."""
        if not super().validate_grant_type(client_id, grant_type, client, request, *args, **kwargs):
            return False
        if grant_type != "client_credentials":
            return True
        return _act_for(request, request.client.user, request.client.workspace)

    # The authorization request

    def validate_response_type(
        self, client_id: str, response_type: str, client: OAuthApplication, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        if not _NONCE.fullmatch(request.nonce or ""):
            raise errors.InvalidRequestError(description="nonce: up to 255 ASCII characters.", request=request)
        return bool(super().validate_response_type(client_id, response_type, client, request, *args, **kwargs))

    def is_pkce_required(self, client_id: str, request: Any) -> bool:
        """Of every client (RFC 9700 section 2.1.1); asked early enough to refuse `plain` before a person consents."""
        challenge = request.code_challenge
        if challenge is not None and request.code_challenge_method != "S256":
            raise errors.UnsupportedCodeChallengeMethodError(request=request)
        if challenge is not None and not _CHALLENGE.fullmatch(challenge):
            raise errors.InvalidRequestError(description="code_challenge: 43 base64url characters.", request=request)
        return True

    def validate_silent_login(self, request: Any) -> bool:
        """`prompt=none` is answered by the view, which knows the session."""
        return True

    def validate_silent_authorization(self, request: Any) -> bool:
        return True

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: OAuthApplication, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Within the application's list and, once it is known for whom and where, within their role.

        Raises InvalidScopeError that says what it may be.
        """
        if not super().validate_scopes(client_id, scopes, client, request, *args, **kwargs):
            told = f"This application may ask for: {', '.join(client.scopes)}."
            raise errors.InvalidScopeError(description=told, request=request)
        acting = _acting(request)
        if acting is not None and (above := above_role(acting.role, scopes)):
            told = f"More than the role {acting.role} may: {', '.join(above)}."
            raise errors.InvalidScopeError(description=told, request=request)
        return True

    def _validate_resource_uris(self, request: Any, resources: list[str]) -> None:
        """There is one resource here (RFC 8707)."""
        if any(resource.rstrip("/") != settings.PUBLIC_URL for resource in resources):
            raise errors.CustomOAuth2Error(error="invalid_target", request=request)

    # Authorization codes; the code that a client sends arrives as its digest

    def _create_authorization_code(self, request: Any, code: dict[str, Any], expires: Any = None) -> OAuthGrant:
        acting = _acting(request)
        if acting is None:
            raise errors.AccessDeniedError(request=request)
        kept: OAuthGrant = super()._create_authorization_code(request, {**code, "code": digest(code["code"])}, expires)
        kept.workspace = acting.workspace
        kept.save(update_fields=["workspace"])
        return kept

    def validate_code(
        self, client_id: str, code: str, client: OAuthApplication, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Locked, so that two requests with one code do not both get tokens; a repeat ends what the first one got."""
        grant = OAuthGrant.objects.select_for_update().filter(code=code, application=client).first()
        if grant is None:
            revoke_what_code_gave(code_digest=code, application=client)
            return False
        request.code_digest = code
        if not super().validate_code(client_id, code, client, request, *args, **kwargs):
            return False
        return _act_for(request, grant.user, grant.workspace)

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: OAuthApplication, *args: Any, **kwargs: Any
    ) -> bool:
        if super().confirm_redirect_uri(client_id, code, redirect_uri, client, *args, **kwargs):
            return True
        # RFC 6749 section 5.2, where the library would say invalid_request.
        raise errors.InvalidGrantError(description="redirect_uri is not the one that the code was asked for with.")

    # Device codes (RFC 8628)

    def validate_device_code(self, client_id: str, device_code: str, request: Any, *args: Any) -> str | None:
        state, grant = devices.poll(device_digest=device_code, client_id=request.client.client_id, now=clock.now())
        if grant is None or state != devices.AUTHORIZED:
            return state
        request.device_grant = grant
        request.user = grant.user
        request.scopes = grant.scope.split()
        return state if _act_for(request, grant.user, grant.workspace) else None

    # Refresh tokens

    def validate_refresh_token(
        self, refresh_token: str, client: OAuthApplication, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Locked, so that of two requests with one token the second counts as reuse."""
        same = get_refresh_token_model().objects.filter(token_checksum=digest(refresh_token))
        list(same.select_for_update().order_by("pk"))
        if not super().validate_refresh_token(refresh_token, client, request, *args, **kwargs):
            return False
        kept = request.refresh_token_instance
        access = OAuthAccess.objects.select_related("workspace").filter(pk=kept.access_token_id).first()
        if access is None:
            return False
        request.code_digest = access.code_digest
        return _act_for(request, kept.user, access.workspace)

    def get_original_scopes(self, refresh_token: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        """What it was given, without what its application or its person may have no more."""
        given = scope_to_list(super().get_original_scopes(refresh_token, request, *args, **kwargs)) or []
        acting = _acting(request)
        lost = above_role(acting.role, given) if acting else given
        return [scope for scope in given if scope in request.client.scopes and scope not in lost]

    # Access tokens

    def _create_access_token(self, expires: Any, request: Any, token: Any, source_refresh_token: Any = None) -> Any:
        acting = _acting(request)
        if acting is None:
            raise errors.InvalidGrantError(request=request)
        made = super()._create_access_token(expires, request, token, source_refresh_token)
        code_digest = vars(request).get("code_digest", "")
        OAuthAccess.objects.create(token=made, workspace=acting.workspace, code_digest=code_digest)
        return made

    def _save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> None:
        super()._save_bearer_token(token, request, *args, **kwargs)
        grant: OAuthDeviceGrant | None = vars(request).get("device_grant")
        if grant is not None:
            grant.delete()

    def _load_access_token(self, token: str) -> Any:
        """For userinfo: the same rules as at the API."""
        found = live_access(token, clock.now())
        return found[0].token if found else None

    def get_additional_claims(self) -> dict[str, Any]:
        """What OpenID Connect tells of a person, each under its scope (Core section 5.4)."""
        return {
            "name": lambda request: request.user.get_full_name(),
            "zoneinfo": lambda request: request.user.timezone,
            "locale": lambda request: request.user.locale,
            "email": lambda request: request.user.email,
        }


def _act_for(request: Any, user: User | None, workspace: Workspace | None) -> bool:
    """Puts on the request as whom it acts; whether that is an active member."""
    found = membership(user, workspace) if user and workspace and user.is_active else None
    request.acting = found
    return found is not None


def _acting(request: Any) -> Membership | None:
    # Not getattr, which reads parameters that the client sent.
    found: Membership | None = vars(request).get("acting")
    return found
