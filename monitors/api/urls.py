"""Addresses of monitors, below /api/."""

from django.urls import URLPattern, URLResolver, path

from common.api.routes import Routes
from monitors.api.changes import PlatformMonitorViewSet
from monitors.api.groups import ServiceGroupViewSet
from monitors.api.planned import DeploymentViewSet, WindowViewSet
from monitors.api.series import AvailabilityView, ResultsView
from monitors.api.tags import TagViewSet
from monitors.api.views import MonitorTestView, MonitorV1ViewSet

routes = Routes()
routes.register("v1/monitor", MonitorV1ViewSet, basename="v1-monitor")
routes.register("monitors", PlatformMonitorViewSet, basename="monitor")
routes.register("v1/service-group", ServiceGroupViewSet, basename="v1-service-group")
routes.register("deployments", DeploymentViewSet, basename="deployment")
routes.register("maintenance-windows", WindowViewSet, basename="maintenance-window")

_v1: dict[str, dict[str, str]] = {"scopes": {}}
urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/monitortest", MonitorTestView.as_view(), name="v1-monitortest"),
    path("v1/monitor-test", MonitorTestView.as_view(), name="v1-monitor-test"),
    path("monitors/test", MonitorTestView.as_view(), name="monitor-test"),
    path("v1/monitor/<int:pk>/results", ResultsView.as_view(**_v1), name="v1-monitor-results"),
    path("monitors/<int:pk>/results", ResultsView.as_view(), name="monitor-results"),
    path("v1/monitor/<int:pk>/availability", AvailabilityView.as_view(**_v1), name="v1-monitor-availability"),
    path("monitors/<int:pk>/availability", AvailabilityView.as_view(), name="monitor-availability"),
    path("tags", TagViewSet.as_view({"get": "list"}), name="tag-list"),
    *routes.urls,
]
