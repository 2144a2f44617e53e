"""The OAuth 2.0 flows as the OpenAPI document tells of them."""

from typing import Any

from accounts.oauth.rights import OfferedScopes

_TOKEN_URL = "/oauth/token"  # noqa: S105


def oauth_scheme() -> dict[str, Any]:
    """A security scheme with three flows; OpenAPI 3.1 has no word for device codes, so theirs is an extension."""
    scopes = OfferedScopes().get_all_scopes()
    return {
        "type": "oauth2",
        "description": "An access token, `wso_…`; it acts in one workspace with its scopes and its person's role.",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": "/oauth/authorize",
                "tokenUrl": _TOKEN_URL,
                "refreshUrl": _TOKEN_URL,
                "scopes": scopes,
            },
            "clientCredentials": {"tokenUrl": _TOKEN_URL, "scopes": scopes},
            "x-deviceAuthorization": {
                "deviceAuthorizationUrl": "/oauth/device-authorization",
                "tokenUrl": _TOKEN_URL,
                "refreshUrl": _TOKEN_URL,
                "scopes": scopes,
            },
        },
    }


def offer_oauth(paths: dict[str, Any]) -> None:
    """Wherever an API token may be sent, an OAuth token with the same scope may."""
    for entries in paths.values():
        for operation in entries.values():
            if isinstance(operation, dict) and "security" in operation:
                # Parts written by hand are shared by every document that is made: offered twice is offered once.
                kinds = [kind for kind in operation["security"] if "oauth2" not in kind]
                operation["security"] = [kind for needed in kinds for kind in _with_oauth(needed)]


def _with_oauth(needed: dict[str, Any]) -> list[dict[str, Any]]:
    return [needed, {"oauth2": needed["bearerToken"]}] if "bearerToken" in needed else [needed]


def _form(required: str, optional: str = "") -> dict[str, Any]:
    properties = {name: {"type": "string"} for name in f"{required} {optional}".split()}
    schema = {"type": "object", "required": required.split(), "properties": properties}
    return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}


def _answer(description: str, *properties: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {name: {} for name in properties}, "additionalProperties": True}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_REFUSED = _answer("Refused, with the error of the RFC.", "error", "error_description")


def _operation(name: str, summary: str, answer: dict[str, Any], **more: Any) -> dict[str, Any]:
    refusals = dict.fromkeys(("400", "401", "429"), _REFUSED) if "requestBody" in more else {}
    return {
        "operationId": name,
        "summary": summary,
        "tags": ["OAuth"],
        "security": [],
        **more,
        "responses": {"200": answer, **refusals},
    }


_ASKED = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")
_CLIENT = "client_id client_secret"
OAUTH_PATHS: dict[str, Any] = {
    "/oauth/authorize": {
        "get": {
            "operationId": "oauth_authorize",
            "summary": "The page on which a person lets an application in (RFC 6749, PKCE with S256 by RFC 7636).",
            "tags": ["OAuth"],
            "security": [],
            "parameters": [
                {"in": "query", "name": name, "required": name != "scope", "schema": {"type": "string"}}
                for name in _ASKED
            ],
            "responses": {
                "200": {"description": "The page.", "content": {"text/html": {"schema": {"type": "string"}}}},
                "302": {"description": "Back to the application with `code` or `error`, or to the sign-in."},
                "400": {
                    "description": "No such application, or not its address: nobody is sent there.",
                    "content": {"text/html": {"schema": {"type": "string"}}},
                },
            },
        }
    },
    _TOKEN_URL: {
        "post": _operation(
            "oauth_token",
            "Tokens for a code, a device code, a refresh token or a machine's own secret (RFC 6749, RFC 8628).",
            _answer("The tokens.", "access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"),
            requestBody=_form(
                "grant_type", f"{_CLIENT} code redirect_uri code_verifier device_code refresh_token scope"
            ),
        )
    },
    "/oauth/device-authorization": {
        "post": _operation(
            "oauth_device_authorization",
            "A code for a device and one for its person (RFC 8628).",
            _answer("Both.", "device_code", "user_code", "verification_uri", "expires_in", "interval"),
            requestBody=_form("client_id", "scope"),
        )
    },
    "/oauth/revoke": {
        "post": _operation(
            "oauth_revoke",
            "Ends a token and what it could be renewed by (RFC 7009).",
            {"description": "It is over."},
            requestBody=_form("token", f"{_CLIENT} token_type_hint"),
        )
    },
    "/oauth/introspect": {
        "post": _operation(
            "oauth_introspect",
            "What a token may, for clients that prove who they are (RFC 7662).",
            _answer("`active`, and of a live token the rest.", "active", "scope", "client_id", "exp"),
            requestBody=_form("token", _CLIENT),
        )
    },
    "/.well-known/oauth-authorization-server": {
        "get": _operation(
            "oauth_metadata",
            "What this server offers (RFC 8414).",
            _answer("The metadata.", "issuer", "authorization_endpoint", "token_endpoint", "scopes_supported"),
        )
    },
}
