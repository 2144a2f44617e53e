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
