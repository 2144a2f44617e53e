"""What clients find out by themselves: RFC 8414 and OpenID Connect Discovery, true to what the endpoints take."""

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, JsonResponse
from oauth2_provider.views import ConnectDiscoveryInfoView, OAuthServerMetadataView
from oauth2_provider.views.metadata import ServerMetadataViewMixin

from accounts.oauth.endpoints import GRANT_TYPES

SECRET_METHODS = ["client_secret_basic", "client_secret_post"]
_TITLES = {"introspection_endpoint": "introspect", "revocation_endpoint": "revoke-token"}


class ServerMetadata(OAuthServerMetadataView):
    """`/.well-known/oauth-authorization-server` (RFC 8414)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _completed(self, request, super().get(request, *args, **kwargs))


class OpenIdConfiguration(ConnectDiscoveryInfoView):
    """`/.well-known/openid-configuration` (OpenID Connect Discovery section 3)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = _completed(self, request, super().get(request, *args, **kwargs))
        data = orjson.loads(answer.content) | {"id_token_signing_alg_values_supported": ["RS256"]}
        return _open(data)


def _completed(view: ServerMetadataViewMixin, request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """The library's answer with what it leaves out, and without what only public clients may."""
    data = orjson.loads(answer.content)
    data |= {name: view._get_endpoint_url(request, title) for name, title in _TITLES.items()}
    data |= {
        "device_authorization_endpoint": view._get_endpoint_url(request, "device-authorization"),
        "grant_types_supported": list(GRANT_TYPES),
        "token_endpoint_auth_methods_supported": [*SECRET_METHODS, "none"],
        "revocation_endpoint_auth_methods_supported": [*SECRET_METHODS, "none"],
        "introspection_endpoint_auth_methods_supported": SECRET_METHODS,
    }
    data.pop("client_id_metadata_document_supported", None)
    return _open(data)


def _open(data: dict[str, Any]) -> HttpResponse:
    return JsonResponse(data, headers={"Access-Control-Allow-Origin": "*"})
