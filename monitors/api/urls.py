"""Addresses of monitors, below /api/."""

from django.urls import URLPattern, URLResolver, path

from common.api.routes import Routes
from monitors.api import agent
from monitors.api.changes import PlatformMonitorViewSet
from monitors.api.groups import ServiceGroupViewSet
from monitors.api.planned import DeploymentViewSet, WindowViewSet
from monitors.api.regions import RegionViewSet
from monitors.api.reports import ReportGenerateView, ReportView
from monitors.api.series import AvailabilityView, LatencyView, ResultsView
from monitors.api.tags import TagViewSet
from monitors.api.views import DnsTestView, MonitorTestView, MonitorV1ViewSet, SslTestView

routes = Routes()
routes.register("v1/monitor", MonitorV1ViewSet, basename="v1-monitor")
routes.register("monitors", PlatformMonitorViewSet, basename="monitor")
routes.register("v1/service-group", ServiceGroupViewSet, basename="v1-service-group")
routes.register("deployments", DeploymentViewSet, basename="deployment")
routes.register("maintenance-windows", WindowViewSet, basename="maintenance-window")
routes.register("regions", RegionViewSet, basename="region")

_v1: dict[str, dict[str, str]] = {"scopes": {}}
urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/monitortest", MonitorTestView.as_view(), name="v1-monitortest"),
    path("v1/monitor-test", MonitorTestView.as_view(), name="v1-monitor-test"),
    path("v1/monitor-test/ssl", SslTestView.as_view(), name="v1-monitor-test-ssl"),
    path("v1/monitor-test/dns", DnsTestView.as_view(), name="v1-monitor-test-dns"),
    path("monitors/test", MonitorTestView.as_view(), name="monitor-test"),
    path("v1/monitor/<int:pk>/results", ResultsView.as_view(**_v1), name="v1-monitor-results"),
    path("monitors/<int:pk>/results", ResultsView.as_view(), name="monitor-results"),
    path("v1/monitor/<int:pk>/availability", AvailabilityView.as_view(**_v1), name="v1-monitor-availability"),
    path("monitors/<int:pk>/availability", AvailabilityView.as_view(), name="monitor-availability"),
    path("v1/monitor/<int:pk>/latency", LatencyView.as_view(**_v1), name="v1-monitor-latency"),
    path("monitors/<int:pk>/latency", LatencyView.as_view(), name="monitor-latency"),
    path("v1/monitor/<int:pk>/report/generate", ReportGenerateView.as_view(**_v1), name="v1-report-generate"),
    path("monitors/<int:pk>/reports", ReportGenerateView.as_view(), name="report-generate"),
    path("v1/report/<int:pk>", ReportView.as_view(**_v1), name="v1-report"),
    path("agent/claim", agent.claim, name="agent-claim"),
    path("agent/results", agent.results, name="agent-results"),
    path("agent/end", agent.finish, name="agent-end"),
    path("tags", TagViewSet.as_view({"get": "list"}), name="tag-list"),
    *routes.urls,
]
