"""Endpoints of planned work: deployments and maintenance windows."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor
from common.api.parameters import Choices, Text, Whole, period
from common.api.views import ApiViewSet
from monitors import deploying, maintaining
from monitors.api.planned_serializers import DeploymentSerializer, WindowSerializer
from monitors.models import Deployment, DeploymentState, MaintenanceWindow, Monitor
from monitors.planned_fields import DEPLOYMENT_DEFAULTS, WINDOW_DEFAULTS

_ONLY_IDS = Prefetch("monitors", Monitor.objects.only("pk").order_by("pk"))


@extend_schema(tags=["Planned work"])
class DeploymentViewSet(ApiViewSet):
    """Releases on their way: while one is active nothing opens about what it covers."""

    queryset = Deployment.objects.all()
    serializer_class = DeploymentSerializer
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

    def create(self, request: Request) -> Response:
        """Opens a deployment, at once unless `scheduledStartAt` is in the future."""
        made = deploying.create_deployment(
            workspace=self.workspace, by=actor(request), now=self.now, fields=self.checked()
        )
        return self.created(self.get_queryset().get(pk=made.pk))

    def update(self, request: Request, pk: int) -> Response:
        """Replaces a deployment; what it covers is fixed when it starts."""
        return self._edit(request, partial=False)

    def partial_update(self, request: Request, pk: int) -> Response:
        """Changes what is given."""
        return self._edit(request, partial=True)

    def _edit(self, request: Request, *, partial: bool) -> Response:
        with self.held() as deployment:
            fields = ({} if partial else DEPLOYMENT_DEFAULTS) | self.checked(partial=partial)
            deploying.edit_deployment(deployment=deployment, by=actor(request), now=self.now, fields=fields)
        return self.answer(self.get_object())

    def destroy(self, request: Request, pk: int) -> Response:
        """Removes a deployment; one that is under way ends first."""
        with self.held() as deployment:
            deploying.delete_deployment(deployment=deployment, by=actor(request), now=self.now)
        return Response(status=204)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: int) -> Response:
        """Ends a deployment; one that has ended stays as it is."""
        with self.held() as deployment:
            deploying.end_deployment(deployment=deployment, by=actor(request), now=self.now)
        return self.answer(self.get_object())


@extend_schema(tags=["Planned work"])
class WindowViewSet(ApiViewSet):
    """Time set aside for work; it leaves the availability of what it covers."""

    queryset = MaintenanceWindow.objects.all()
    serializer_class = WindowSerializer
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

    def create(self, request: Request) -> Response:
        """Makes a window, once or repeated by an RRULE (RFC 5545)."""
        made = maintaining.create_window(
            workspace=self.workspace, by=actor(request), now=self.now, fields=self.checked()
        )
        return self.created(self.get_queryset().get(pk=made.pk))

    def update(self, request: Request, pk: int) -> Response:
        """Replaces a window; what is left out gets its default."""
        return self._edit(request, partial=False)

    def partial_update(self, request: Request, pk: int) -> Response:
        """Changes what is given."""
        return self._edit(request, partial=True)

    def _edit(self, request: Request, *, partial: bool) -> Response:
        with self.held() as window:
            fields = ({} if partial else WINDOW_DEFAULTS) | self.checked(partial=partial)
            maintaining.edit_window(window=window, by=actor(request), now=self.now, fields=fields)
        return self.answer(self.get_object())

    def destroy(self, request: Request, pk: int) -> Response:
        """Removes a window; its past openings count as ordinary time again."""
        with self.held() as window:
            maintaining.delete_window(window=window, by=actor(request), now=self.now)
        return Response(status=204)
