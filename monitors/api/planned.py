"""Endpoints of planned work: deployments and maintenance windows."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor
from common.api.parameters import Choices, Text, Whole, period
from common.api.service_views import ServiceViewSet
from monitors.api.planned_serializers import DeploymentSerializer, WindowSerializer
from monitors.models import Deployment, DeploymentState, MaintenanceWindow, Monitor
from monitors.planned import deploying, maintaining
from monitors.planned.fields import DEPLOYMENT_DEFAULTS, WINDOW_DEFAULTS

_ONLY_IDS = Prefetch("monitors", Monitor.objects.only("pk").order_by("pk"))


@extend_schema(tags=["Planned work"])
class DeploymentViewSet(ServiceViewSet):
    """Releases on their way: while one is active nothing opens about what it covers."""

    queryset = Deployment.objects.all()
    serializer_class = DeploymentSerializer
    defaults = DEPLOYMENT_DEFAULTS
    scope = "signal.write"
    scopes = {"GET": "monitor.read"}
    list_parameters = (
        *period("created_at"),
        Text(name="name", lookup="name", help="Exactly this name."),
        Text(name="version", lookup="release", help="Exactly this version."),
        Choices(name="state", among=DeploymentState.values, lookup="state__in", help="Only in these states."),
        Whole(name="monitorId", lookup="covered__monitor_id", help="Only those that began over this monitor."),
    )
    search_fields = ("name", "release", "author")
    ordering_fields = {"name": "name", "state": "state", "startedAt": "started_at", "createdAt": "created_at"}
    default_ordering = ("-created_at",)

    def get_queryset(self) -> "QuerySet[Deployment]":
        found: QuerySet[Deployment] = super().get_queryset()
        return found.prefetch_related(_ONLY_IDS)

    def make(self, fields: dict[str, Any]) -> Deployment:
        """Opens a deployment, at once unless `scheduledStartAt` is in the future."""
        return deploying.create_deployment(
            workspace=self.workspace, by=actor(self.request), now=self.now, fields=fields
        )

    def edit(self, instance: Deployment, fields: dict[str, Any]) -> None:
        """Replaces a deployment; what it covers is fixed when it starts."""
        deploying.edit_deployment(deployment=instance, by=actor(self.request), now=self.now, fields=fields)

    def remove(self, instance: Deployment) -> None:
        """Removes a deployment; one that is under way ends first."""
        deploying.delete_deployment(deployment=instance, by=actor(self.request), now=self.now)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: int) -> Response:
        """Ends a deployment; one that has ended stays as it is."""
        with self.held() as deployment:
            deploying.end_deployment(deployment=deployment, by=actor(request), now=self.now)
        return self.answer(self.get_object())


@extend_schema(tags=["Planned work"])
class WindowViewSet(ServiceViewSet):
    """Time set aside for work; it leaves the availability of what it covers."""

    queryset = MaintenanceWindow.objects.all()
    serializer_class = WindowSerializer
    defaults = WINDOW_DEFAULTS
    scopes = {"GET": "monitor.read"}
    list_parameters = (
        Text(name="name", lookup="name", help="Exactly this name."),
        Whole(name="monitorId", lookup="monitors", help="Only those that name this monitor."),
        Whole(name="serviceGroupId", lookup="service_group_id", help="Only those over this service group."),
    )
    search_fields = ("name", "description")
    ordering_fields = {"name": "name", "startsAt": "starts_at", "createdAt": "created_at"}
    default_ordering = ("starts_at",)

    def get_queryset(self) -> "QuerySet[MaintenanceWindow]":
        found: QuerySet[MaintenanceWindow] = super().get_queryset()
        return found.prefetch_related(_ONLY_IDS)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "now": getattr(self, "now", None)}

    def make(self, fields: dict[str, Any]) -> MaintenanceWindow:
        """Makes a window, once or repeated by an RRULE (RFC 5545)."""
        return maintaining.create_window(workspace=self.workspace, by=actor(self.request), now=self.now, fields=fields)

    def edit(self, instance: MaintenanceWindow, fields: dict[str, Any]) -> None:
        maintaining.edit_window(window=instance, by=actor(self.request), now=self.now, fields=fields)

    def remove(self, instance: MaintenanceWindow) -> None:
        """Removes a window; its past openings count as ordinary time again."""
        maintaining.delete_window(window=instance, by=actor(self.request), now=self.now)
