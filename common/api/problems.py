"""Every error that the API answers, as application/problem+json (RFC 9457)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from common.api.renderers import to_json
from common.invalid import Conflict, FieldError, Invalid, NotAllowed

MEDIA_TYPE = "application/problem+json"
# status -> last segment of the problem's type, and its title
KINDS = {
    400: ("invalid", "The request is not valid"),
    401: ("unauthenticated", "Credentials are missing or wrong"),
    403: ("not-allowed", "This is not allowed"),
    404: ("not-found", "There is nothing here"),
    405: ("method-not-allowed", "This address does not take this method"),
    409: ("conflict", "The state of the object does not allow this"),
    412: ("stale", "The object has changed since it was read"),
    413: ("too-large", "The body is too large"),
    415: ("media-type", "The body must be application/json"),
    429: ("too-many-requests", "Too many requests"),
    500: ("internal", "Something broke on our side"),
    503: ("unavailable", "The service is not ready"),
}


class PreconditionFailed(exceptions.APIException):
    """412 (RFC 9110 section 15.5.13)."""

    status_code = 412
    default_detail = "If-Match names another version of this object. Read it again."


class PayloadTooLarge(exceptions.APIException):
    """413 (RFC 9110 section 15.5.14)."""

    status_code = 413
    default_detail = "A body may have 1 MiB."


class TooManyRequests(exceptions.APIException):
    """429 (RFC 6585 section 4)."""

    status_code = 429
    default_detail = "Too many requests in a second; RateLimit-Limit says how many a caller may make."
    wait = 1


class NoSuchWorkspace(exceptions.NotFound):
    """`X-Workspace` names none in which the caller may act."""

    default_detail = "X-Workspace names no workspace in which you may act."


@dataclass(frozen=True)
class Problem:
    """What goes into one answer."""

    status: int
    detail: str = ""
    errors: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    name: str = ""

    def body(self, instance: str) -> dict[str, Any]:
        """The members of RFC 9457 section 3.1 and `errors`, one for each wrong field."""
        name, title = KINDS.get(self.status) or ("error", HTTPStatus(self.status).phrase)
        return {
            "type": f"/problems/{self.name or name}",
            "title": title,
            "status": self.status,
            "detail": self.detail or title + ".",
            "instance": instance,
            "errors": [{"pointer": one.pointer, "code": one.code, "detail": one.detail} for one in self.errors],
        }


def problem_response(request: HttpRequest, problem: Problem) -> HttpResponse:
    """An answer outside the REST framework."""
    body = to_json(problem.body(request.path))
    return HttpResponse(body, status=problem.status, content_type=MEDIA_TYPE, headers=dict(problem.headers))


def handle_exception(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """The answer to an exception that a client caused; None for a fault of ours, which Django logs and answers 500."""
    problem = as_problem(exc)
    if problem is None:
        return None
    body = problem.body(context["request"].path)
    return Response(body, status=problem.status, content_type=MEDIA_TYPE, headers=dict(problem.headers))


def as_problem(exc: Exception) -> Problem | None:
    """The problem that an exception tells of, or None when it is not the client's."""
    match exc:
        case Invalid():
            return _invalid(exc.errors)
        case exceptions.ValidationError():
            return _invalid(tuple(field_errors(exc.detail)))
        case exceptions.APIException():
            return Problem(exc.status_code, str(exc.detail), headers=_headers(exc))
        case Conflict():
            return Problem(409, str(exc), name=getattr(exc, "problem", ""))
        case NotAllowed() | PermissionDenied():
            return Problem(403, str(exc), name=getattr(exc, "problem", ""))
        case Http404():
            return Problem(404, "No such object in this workspace.")
        case RequestDataTooBig():
            return Problem(413, PayloadTooLarge.default_detail)
        case SuspiciousOperation() | BadRequest() | UnreadablePostError():
            return Problem(400, "The request cannot be read.")
    return None


def _invalid(errors: tuple[FieldError, ...]) -> Problem:
    count = len(errors)
    return Problem(400, "One thing is wrong." if count == 1 else f"{count} things are wrong.", errors)


def _headers(exc: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, int(wait)))
    return headers


def field_errors(detail: Any, pointer: str = "") -> Iterator[FieldError]:
    """The framework's nested errors, flattened to JSON pointers (RFC 6901)."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            own = key == api_settings.NON_FIELD_ERRORS_KEY
            yield from field_errors(inner, pointer if own else f"{pointer}/{escape(str(key))}")
    elif isinstance(detail, list):
        yield from _list_errors(detail, pointer)
    else:
        yield FieldError(pointer, getattr(detail, "code", None) or "invalid", str(detail))


def _list_errors(detail: Iterable[Any], pointer: str) -> Iterator[FieldError]:
    for index, inner in enumerate(detail):
        yield from field_errors(inner, f"{pointer}/{index}" if isinstance(inner, Mapping | list) else pointer)


def escape(key: str) -> str:
    """One token of a JSON pointer (RFC 6901 section 3)."""
    return key.replace("~", "~0").replace("/", "~1")
