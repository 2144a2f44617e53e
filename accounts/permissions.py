"""Who may: the role of a member and the scope of a token, both."""

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import Role
from accounts.roles import at_least
from accounts.scopes import allows

if TYPE_CHECKING:
    from rest_framework.views import APIView

__all__ = ["HasScopeAndRole", "at_least"]


class HasScopeAndRole(BasePermission):
    """A view states `scopes` {method or action: scope} or one `scope`; `write_roles` {action: role} or one `write_role`
    (`read_role` to read, VIEWER where it is not stated). The answer says what lacks.

    This is asked before a body or an object is looked at. A session has every scope; its person's role decides. Nobody
    signed in is 401, someone who may not is 403.
    """

    message = ""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not (request.user and request.user.is_authenticated):
            return False
        return self._scope(request, view) and self._role(request, view)

    def _scope(self, request: Request, view: Any) -> bool:
        needed = needed_scope(view, request.method or "")
        granted = None if request.auth is None else getattr(request.auth, "scopes", ())
        if granted is None or allows(granted, needed):
            return True
        self.message = f"This needs the scope {needed}; the token has {', '.join(granted) or 'none'}."
        return False

    def _role(self, request: Request, view: Any) -> bool:
        name, default = ("read_role", Role.VIEWER) if request.method in SAFE_METHODS else ("write_role", Role.MEMBER)
        needed = getattr(view, "write_roles", {}).get(getattr(view, "action", None), getattr(view, name, default))
        membership = getattr(request, "membership", None)
        if membership is not None and at_least(membership.role, needed):
            return True
        self.message = f"This needs the role {needed} in the workspace; you have {getattr(membership, 'role', 'none')}."
        return False


def needed_scope(view: Any, method: str) -> str:
    """The scope that a view asks for: by action, by method (HEAD and OPTIONS as GET), else its `scope`."""
    scopes = getattr(view, "scopes", {})
    default = getattr(view, "scope", "monitor.admin")
    by_method = scopes.get("GET" if method in ("HEAD", "OPTIONS") else method, default)
    return str(scopes.get(getattr(view, "action", None), by_method))
