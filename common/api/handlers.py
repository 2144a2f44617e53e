"""Django's own error pages: JSON below the API's addresses, HTML elsewhere."""

from django.http import HttpRequest, HttpResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt

from common.api.problems import Problem, TooManyRequests, problem_response
from common.client_address import client_address
from common.rates import take

_JSON = ("/api/", "/health", "/openapi.json", "/swagger/", "/oauth/token", "/metrics")


def is_api(request: HttpRequest) -> bool:
    """Whether this address answers machines."""
    return request.path == "/api" or request.path.startswith(_JSON)


@csrf_exempt
def unknown_address(request: HttpRequest, rest: str = "") -> HttpResponse:
    """404 for an address of the API that does not exist, in every mode and for every method."""
    standing = take(f"address:{client_address(request)}")
    if standing.is_over:
        wait = {"Retry-After": str(TooManyRequests.wait)}
        return problem_response(request, Problem(429, TooManyRequests.default_detail, headers=standing.headers | wait))
    said = "There is no such address in the API; see /docs/api."
    return problem_response(request, Problem(404, said, headers=standing.headers))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problem_response(request, Problem(400, "The request cannot be read."))
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problem_response(request, Problem(403))
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return unknown_address(request) if is_api(request) else defaults.page_not_found(request, exception)


def broken(request: HttpRequest) -> HttpResponse:
    """500 without a word about the inside; the log has it under the request's id."""
    if is_api(request):
        return problem_response(request, Problem(500, "The fault is logged under this answer's X-Request-Id."))
    return defaults.server_error(request)
