"""What the endpoints of the OAuth server answer, as the OpenAPI document tells it; a test compares them."""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

_STRING: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer", "minimum": 0}
_URL: Schema = {"type": "string", "format": "uri"}
_WORDS: Schema = {"type": "array", "items": _STRING}
_FLAG: Schema = {"type": "boolean"}


def _object(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


ERROR = _object({"error": _STRING}, {"error_description": _STRING, "error_uri": _STRING, "state": _STRING})
TOKENS = _object(
    {"access_token": _STRING, "token_type": {"const": "Bearer"}, "expires_in": _WHOLE, "scope": _STRING},
    {"refresh_token": _STRING, "id_token": {**_STRING, "description": "A JWT, where `openid` was asked for."}},
)
DEVICE = _object(
    {"device_code": _STRING, "user_code": _STRING, "verification_uri": _URL, "expires_in": _WHOLE},
    {"verification_uri_complete": _URL, "interval": _WHOLE, "scope": _STRING},
)
INTROSPECTION = _object(
    {"active": _FLAG},
    {
        **dict.fromkeys(("scope", "client_id", "username", "sub", "token_type"), _STRING),
        "exp": _WHOLE,
        "iat": _WHOLE,
        "iss": _URL,
    },
)
USERINFO = _object(
    {"sub": {**_STRING, "description": "The person's id; it stays."}},
    {
        "email": {**_STRING, "description": "With the scope `email`."},
        **{name: {**_STRING, "description": "With the scope `profile`."} for name in ("name", "zoneinfo", "locale")},
    },
)
KEYS = _object(
    {
        "keys": {
            "type": "array",
            "items": _object(dict.fromkeys(("kty", "kid", "alg", "use", "n", "e"), _STRING)),
        }
    }
)
_BOTH: dict[str, Schema] = {
    **dict.fromkeys(
        (
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "device_authorization_endpoint",
            "revocation_endpoint",
            "introspection_endpoint",
        ),
        _URL,
    ),
    **dict.fromkeys(
        (
            "scopes_supported",
            "response_types_supported",
            "grant_types_supported",
            "code_challenge_methods_supported",
            "token_endpoint_auth_methods_supported",
            "revocation_endpoint_auth_methods_supported",
            "introspection_endpoint_auth_methods_supported",
        ),
        _WORDS,
    ),
    "authorization_response_iss_parameter_supported": _FLAG,
}
METADATA = _object(_BOTH, {"jwks_uri": _URL})
OPENID = _object(
    {
        **_BOTH,
        "userinfo_endpoint": _URL,
        "jwks_uri": _URL,
        **dict.fromkeys(
            (
                "subject_types_supported",
                "id_token_signing_alg_values_supported",
                "claims_supported",
                "prompt_values_supported",
            ),
            _WORDS,
        ),
    }
)
