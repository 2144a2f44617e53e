"""Puts the workspace and the membership of a signed-in person on the request."""

from collections.abc import Callable, Sequence

from django.http import HttpRequest, HttpResponse

from accounts.models import Membership
from accounts.selectors import memberships

SESSION_KEY = "workspace_id"


class WorkspaceMiddleware:
    """`request.workspace` and `request.membership`: the one picked in the session, else the person's first.

    `request.memberships` are all of a signed-in person's, to switch to.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        known = list(memberships(request.user)) if request.user.is_authenticated else []
        found = _picked(request, known) if known else None
        request.memberships = known  # type: ignore[attr-defined]
        request.membership = found  # type: ignore[attr-defined]
        request.workspace = found.workspace if found else None  # type: ignore[attr-defined]
        return self.get_response(request)


def _picked(request: HttpRequest, known: Sequence[Membership]) -> Membership:
    wanted = request.session.get(SESSION_KEY)
    return next((one for one in known if one.workspace_id == wanted), known[0])
