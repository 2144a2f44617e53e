"""Addresses of profiles and tokens, below /api/."""

from django.urls import URLPattern, URLResolver, path

from accounts.api.events import EventsView
from accounts.api.invitations import InvitationViewSet
from accounts.api.members import AuditLogViewSet, MemberViewSet
from accounts.api.views import TokenViewSet, UserViewSet
from common.api.routes import Routes

routes = Routes()
routes.register("tokens", TokenViewSet, basename="token")
routes.register("members", MemberViewSet, basename="member")
routes.register("invitations", InvitationViewSet, basename="invitation")
routes.register("audit-log", AuditLogViewSet, basename="audit-entry")

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/user", UserViewSet.as_view({"get": "profile", "post": "create"}), name="v1-user"),
    path("v1/user/<int:pk>", UserViewSet.as_view({"put": "update", "delete": "destroy"}), name="v1-user-detail"),
    path("events", EventsView.as_view(), name="events"),
    *routes.urls,
]
