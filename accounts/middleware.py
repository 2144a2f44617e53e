"""Puts the workspace and the membership of a signed-in person on the request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts.models import Membership
from accounts.selectors import memberships

SESSION_KEY = "workspace_id"


class WorkspaceMiddleware:
    """`request.workspace` and `request.membership`: the one picked in the session, else the person's first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found = _picked(request) if request.user.is_authenticated else None
        request.membership = found  # type: ignore[attr-defined]
        request.workspace = found.workspace if found else None  # type: ignore[attr-defined]
        return self.get_response(request)


def _picked(request: HttpRequest) -> Membership | None:
    wanted = request.session.get(SESSION_KEY)
    found = list(memberships(request.user))  # type: ignore[arg-type]
    return next((one for one in found if one.workspace_id == wanted), found[0] if found else None)
