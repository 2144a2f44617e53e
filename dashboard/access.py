"""Who may see and do what on a page: signed in, in a workspace, with the role that an act needs."""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views import View

from accounts.actor import Actor
from accounts.models import Membership, Role, User, Workspace
from accounts.roles import at_least
from common.client_address import client_address


class WorkspaceRequest(HttpRequest):
    """A request that AuthenticationMiddleware and WorkspaceMiddleware have been through."""

    user: User
    workspace: Workspace
    membership: Membership


class WorkspacePage(LoginRequiredMixin, View):
    """Base of every page: a member of the workspace with `read_role` to see it, `write_role` to act.

    Moments are shown in the person's own time zone.
    """

    request: WorkspaceRequest
    read_role: str = Role.VIEWER
    write_role: str = Role.MEMBER
    nav_section = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        membership = getattr(request, "membership", None)
        needed = self.read_role if request.method in ("GET", "HEAD", "OPTIONS") else self.write_role
        if membership is None or not at_least(membership.role, needed):
            raise PermissionDenied(f"This needs the role {Role(needed).label} in the workspace.")
        with timezone.override(_zone(request.user.timezone)):
            return super().dispatch(request, *args, **kwargs)

    @property
    def workspace(self) -> Workspace:
        return self.request.workspace

    @property
    def actor(self) -> Actor:
        return Actor(self.request.user, address=client_address(self.request))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
