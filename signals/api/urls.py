"""Addresses of signals that Django serves, below /api/."""

from django.urls import URLPattern, URLResolver, path

from common.api.routes import Routes
from signals.api.dependencies import DependencyViewSet
from signals.api.views import SignalHistoryViewSet, TicketView

routes = Routes()
routes.register("dependencies", DependencyViewSet, basename="dependency")

urlpatterns: list[URLPattern | URLResolver] = [
    path("signals/token/<str:token>", SignalHistoryViewSet.as_view({"get": "list"}), name="signal-history"),
    path("signals/ticket", TicketView.as_view(), name="stream-ticket"),
    path(
        "dependencies/<int:pk>/monitors/<int:monitor_pk>",
        DependencyViewSet.as_view({"put": "link", "delete": "unlink"}),
        name="dependency-link",
    ),
    *routes.urls,
]
