"""Between Django's requests and the OAuth library: parameters parsed once and strictly, codes turned into digests."""

from typing import Any

from django.http import HttpRequest
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import UnauthorizedClientError
from oauthlib.oauth2.rfc8628.endpoints.pre_configured import DeviceApplicationServer

from accounts.models import OAuthApplication
from accounts.oauth.devices import free_user_code
from accounts.selectors import digest

DEVICE_SECONDS = 900
_CODES = ("code", "device_code")


class HashingCore(OAuthLibCore):
    """Codes are kept and compared as SHA-256, so the library never sees one that a client sends back."""

    def _get_escaped_full_path(self, request: HttpRequest) -> str:
        """Encoded anew, for the library takes a malformed percent sign as a fault of ours."""
        query = request.GET.urlencode()
        return f"{request.path}?{query}" if query else request.path

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        """All values of all parameters: that one came twice is the library's to refuse (RFC 6749 section 3.2)."""
        pairs = [(key, str(value)) for key, values in request.POST.lists() for value in values]
        return [(key, digest(value) if key in _CODES else value) for key, value in pairs]

    def as_library_request(self, request: HttpRequest) -> Request:
        """The request in the library's own type, for asking the validator directly."""
        return Request(*self._extract_params(request))


class DeviceServer(DeviceApplicationServer):
    """The endpoint where a device asks for its codes (RFC 8628 section 3.1)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"user_code_generator": free_user_code})

    @property
    def expires_in(self) -> int:
        return DEVICE_SECONDS

    def validate_device_authorization_request(self, request: Any) -> None:
        super().validate_device_authorization_request(request)
        if not request.client.allows_grant_type(OAuthApplication.GRANT_DEVICE_CODE):
            raise UnauthorizedClientError(request=request)
