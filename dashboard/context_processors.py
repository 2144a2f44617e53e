"""What every page's frame needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.models import Role
from accounts.roles import at_least
from dashboard.selectors import open_incident_count


def frame(request: HttpRequest) -> dict[str, Any]:
    """The workspace, those one may switch to, what one may do in it, the badge of open incidents, the live stream."""
    workspace = getattr(request, "workspace", None)
    if workspace is None or request.path.startswith(("/admin/", "/api/")):
        return {"live_url": ""}
    role = request.membership.role  # type: ignore[attr-defined]
    return {
        "workspace": workspace,
        "workspaces": [one.workspace for one in request.memberships],  # type: ignore[attr-defined]
        "can_write": at_least(role, Role.MEMBER),
        "is_admin": at_least(role, Role.ADMIN),
        "open_incident_count": open_incident_count(workspace),
        "live_url": "/api/signals/sse",
        "billing_is_on": settings.BILLING_ENABLED,
    }
