"""What every answer of Django gets: a request id and a strict Content-Security-Policy."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path

from common.request_id import set_request_id

GetResponse = Callable[[HttpRequest], HttpResponse]
log = logging.getLogger("websignal.request")
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# The operators' admin is a third-party page: its components need eval and style attributes.
ADMIN_POLICY = POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-eval' 'unsafe-inline'").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)


class RequestIdMiddleware:
    """Takes a sane `X-Request-Id` or makes one, returns it, and logs the request under it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _ACCEPTABLE.fullmatch(given) else uuid.uuid4().hex
        set_request_id(request_id)
        started = time.perf_counter()
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        elapsed_ms = round((time.perf_counter() - started) * 1000, 1)
        # Escaped as in the request line: a line break in an address must not make a line of the log.
        path = escape_uri_path(_without_token(request))
        extra = {"method": request.method, "path": path, "status": response.status_code, "ms": elapsed_ms}
        log.info("%s %s %s %s ms", request.method, path, response.status_code, elapsed_ms, extra=extra)
        return response


def _without_token(request: HttpRequest) -> str:
    """The path, without the secret of a signed link or a ping address: whoever reads the log is not given it."""
    token = request.resolver_match.kwargs.get("token") if request.resolver_match else None
    return request.path.replace(token, "…") if token else request.path


class ContentSecurityPolicyMiddleware:
    """No inline script, no foreign host (W3C CSP Level 3)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = ADMIN_POLICY if request.path.startswith("/admin/") else POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        return response
