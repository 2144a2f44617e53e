"""The OAuth 2.0 flows as the OpenAPI document tells of them."""

from typing import Any

from accounts.oauth.rights import OfferedScopes
from websignal import openapi_oauth_answers as answers

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


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_REFUSED = _answer("Refused, with the error of the RFC.", answers.ERROR)
_WITHOUT_OPENID = {"404": {"description": "OpenID Connect is off: the server has no key to sign with."}}


def _operation(name: str, summary: str, answer: dict[str, Any], **more: Any) -> dict[str, Any]:
    refusals = dict.fromkeys(("400", "401", "429"), _REFUSED) if "requestBody" in more else {}
    others = more.pop("others", {})
    return {
        "operationId": name,
        "summary": summary,
        "tags": ["OAuth"],
        "security": [],
        **more,
        "responses": {"200": answer, **refusals, **others},
    }


def _userinfo(name: str) -> dict[str, Any]:
    return _operation(
        name,
        "Who the person of an access token is, as far as its scopes allow (OpenID Connect Core section 5.3).",
        _answer("The claims.", answers.USERINFO),
        security=[{"oauth2": ["openid"]}],
        others=dict.fromkeys(("400", "401", "403", "429"), _REFUSED),
    )


def _query(name: str, *, required: bool) -> dict[str, Any]:
    return {"in": "query", "name": name, "required": required, "schema": {"type": "string"}}


_HTML = {"text/html": {"schema": {"type": "string"}}}


def _page(name: str, summary: str, parameters: list[dict[str, Any]], others: dict[str, Any]) -> dict[str, Any]:
    page = {"description": "The page.", "content": _HTML}
    return _operation(name, summary, page, parameters=parameters, others=others)


_ASKED = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")
_CLIENT = "client_id client_secret"
OAUTH_PATHS: dict[str, Any] = {
    "/oauth/authorize": {
        "get": _page(
            "oauth_authorize",
            "The page on which a person lets an application in (RFC 6749, PKCE with S256 by RFC 7636).",
            [
                {"in": "query", "name": name, "required": name != "scope", "schema": {"type": "string"}}
                for name in _ASKED
            ],
            {
                "302": {"description": "Back to the application with `code` or `error`, or to the sign-in."},
                "400": {
                    "description": "No such application, or not its address: nobody is sent there.",
                    "content": _HTML,
                },
            },
        )
    },
    _TOKEN_URL: {
        "post": _operation(
            "oauth_token",
            "Tokens for a code, a device code, a refresh token or a machine's own secret (RFC 6749, RFC 8628).",
            _answer("The tokens.", answers.TOKENS),
            requestBody=_form(
                "grant_type", f"{_CLIENT} code redirect_uri code_verifier device_code refresh_token scope"
            ),
        )
    },
    "/oauth/device-authorization": {
        "post": _operation(
            "oauth_device_authorization",
            "A code for a device and one for its person (RFC 8628).",
            _answer("Both.", answers.DEVICE),
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
            _answer("`active`, and of a live token the rest.", answers.INTROSPECTION),
            requestBody=_form("token", _CLIENT),
        )
    },
    "/.well-known/oauth-authorization-server": {
        "get": _operation(
            "oauth_metadata",
            "What this server offers (RFC 8414).",
            _answer("The metadata.", answers.METADATA),
        )
    },
    "/.well-known/openid-configuration": {
        "get": _operation(
            "openid_configuration",
            "The same with what OpenID Connect adds (OpenID Connect Discovery section 3).",
            _answer("The metadata.", answers.OPENID),
            others=_WITHOUT_OPENID,
        )
    },
    "/oauth/jwks": {
        "get": _operation(
            "oauth_jwks",
            "The public keys that ID tokens are signed with (RFC 7517).",
            _answer("The keys.", answers.KEYS),
            others=_WITHOUT_OPENID,
        )
    },
    "/oauth/userinfo": {
        "get": _userinfo("oauth_userinfo"),
        "post": _userinfo("oauth_userinfo_by_post"),
    },
    "/oauth/device": {
        "get": _page(
            "oauth_device",
            "The page on which a person types the code of a device and lets it in (RFC 8628 section 3.3).",
            [_query("user_code", required=False)],
            {"302": {"description": "To the sign-in."}},
        )
    },
}
