"""Settings of the OAuth 2.0 server (docs/guides/oauth.md): everything that RFC 9700 asks for is on."""

from typing import Any

from accounts.oauth.scopes import DEFAULT_SCOPES, IDENTITY_SCOPES, OAUTH_SCOPES


def oauth_settings(*, public_url: str, oidc_key: str) -> dict[str, Any]:
    """What the library reads; without a key there is no OpenID Connect."""
    return {
        "SCOPES": {name: text for name, text in OAUTH_SCOPES.items() if oidc_key or name not in IDENTITY_SCOPES},
        "DEFAULT_SCOPES": DEFAULT_SCOPES,
        "SCOPES_BACKEND_CLASS": "accounts.oauth.rights.OfferedScopes",
        "OAUTH2_VALIDATOR_CLASS": "accounts.oauth.validator.Validator",
        "OAUTH2_BACKEND_CLASS": "accounts.oauth.backend.HashingCore",
        "ACCESS_TOKEN_GENERATOR": "accounts.oauth.generators.access_token",
        "REFRESH_TOKEN_GENERATOR": "accounts.oauth.generators.refresh_token",
        "CLIENT_SECRET_HASHER": "client_secret_sha256",
        "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
        "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
        "ID_TOKEN_EXPIRE_SECONDS": 3600,
        "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 24 * 3600,
        "REFRESH_TOKEN_REUSE_PROTECTION": True,
        "PKCE_REQUIRED": True,
        # http is for loopback only, which each application's own list of addresses sees to.
        "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
        "OAUTH_DEVICE_VERIFICATION_URI": f"{public_url}/oauth/device",
        "OAUTH_DEVICE_VERIFICATION_URI_COMPLETE": f"{public_url}/oauth/device?user_code={{user_code}}",
        "OAUTH_PRE_TOKEN_VALIDATION": [],
        "OAUTH2_RESPONSE_TYPES_SUPPORTED": ["code"],
        "OIDC_ENABLED": bool(oidc_key),
        "OIDC_ISS_ENDPOINT": public_url,
        "OIDC_RSA_PRIVATE_KEY": oidc_key,
        "OIDC_RESPONSE_TYPES_SUPPORTED": ["code"],
        **{
            f"COMPLIANT_BCP_RFC9700_{gate}": True
            for gate in (
                "IMPLICIT_GRANT",
                "PASSWORD_GRANT",
                "PKCE_METHOD",
                "ACCESS_TOKEN_TRANSPORT",
                "AUTHZ_RESPONSE_ISS",
                "TOKEN_STORAGE",
                "REFRESH_TOKEN",
                "REDIRECT_URI_SCHEME",
                "REDIRECT_URI_MATCHING",
                "PKCE_REQUIRED",
            )
        },
    }
