"""Endpoints of incidents, at /api/v1/incident and /api/incidents alike."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.authentication import actor
from common.api.parameters import Choices, Parameter, Whole, period
from common.api.views import ApiViewSet
from common.invalid import Conflict, FieldError, Invalid
from incidents import selectors, services
from incidents.api.serializers import (
    IncidentChangeSerializer,
    IncidentDetailSerializer,
    IncidentOpeningSerializer,
    IncidentSerializer,
)
from incidents.models import Incident, Kind, Severity, State
from monitors.models import Monitor

LIST_PARAMETERS = (
    *period("started_at"),
    Choices(name="state", among=State.values, lookup="state__in", help="Only in these states."),
    Choices(name="kind", among=Kind.values, lookup="kind__in", help="Only of these kinds."),
    Choices(name="severity", among=Severity.values, lookup="severity__in", help="Only of these severities."),
)
ORDERING = {"startedAt": "started_at", "resolvedAt": "resolved_at", "severity": "severity", "state": "state"}


@extend_schema(tags=["Incidents"])
class IncidentViewSet(ApiViewSet):
    """Stretches of time in which something was wrong."""

    queryset = Incident.objects.all()
    serializer_class = IncidentDetailSerializer
    scopes = {"GET": "monitor.read", "POST": "incident.write", "PATCH": "incident.write"}
    list_parameters: tuple[Parameter, ...] = (
        *LIST_PARAMETERS,
        Whole(name="monitorId", lookup="monitor_id", help="Only of this monitor."),
    )
    search_fields = ("title", "monitor__name")
    ordering_fields = ORDERING
    default_ordering = ("-started_at",)

    def get_queryset(self) -> "QuerySet[Incident]":
        if getattr(self, "swagger_fake_view", False):
            return Incident.objects.none()
        found = selectors.incidents if self.action == "list" else selectors.incident_detail
        return found(self.workspace)

    def get_serializer_class(self) -> type[Any]:
        return IncidentSerializer if self.action == "list" else IncidentDetailSerializer

    @extend_schema(request=IncidentOpeningSerializer, responses={201: IncidentDetailSerializer})
    def create(self, request: Request) -> Response:
        """Opens an incident by hand, about a monitor or about none."""
        serializer = IncidentOpeningSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        monitor = self._monitor(fields.pop("monitor_id"))
        made = services.open_manual(
            workspace=self.workspace, monitor=monitor, by=actor(request), now=self.now, **fields
        )
        return self.created(self.get_queryset().get(pk=made.pk))

    @extend_schema(request=IncidentChangeSerializer, responses={200: IncidentDetailSerializer})
    def partial_update(self, request: Request, pk: int) -> Response:
        """Changes texts and severity, acknowledges, resolves. Acknowledging twice changes nothing."""
        serializer = IncidentChangeSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        with self.held() as incident:
            self._change(incident, dict(serializer.validated_data), actor(request))
        return self.answer(self.get_object())

    def _change(self, incident: Incident, fields: dict[str, Any], by: Actor) -> None:
        acknowledged, state = fields.pop("acknowledged", False), fields.pop("state", None)
        if state == State.OPEN and incident.state != State.OPEN:
            raise Conflict("An incident does not go back to OPEN.")
        if fields:
            services.edit_incident(incident=incident, by=by, now=self.now, fields=fields)
        if acknowledged or state == State.ACKNOWLEDGED:
            services.acknowledge(incident=incident, by=by, now=self.now)
        if state == State.RESOLVED:
            services.resolve_incident(incident=incident, by=by, now=self.now)

    def _monitor(self, pk: int | None) -> Monitor | None:
        if pk is None:
            return None
        found = Monitor.objects.in_workspace(self.workspace).filter(pk=pk).first()
        if found is None:
            raise Invalid([FieldError("/monitorId", "unknown_id", "No monitor of this workspace has this id.")])
        return found


class IncidentV1ViewSet(IncidentViewSet):
    """Incidents under the WebSignal contract, whose scope is one for all."""

    scopes = {}


@extend_schema(tags=["Incidents"])
class MonitorIncidentsViewSet(IncidentViewSet):
    """The incidents of one monitor."""

    list_parameters = LIST_PARAMETERS

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The incidents of one monitor, newest first."""
        monitor = get_object_or_404(Monitor.objects.in_workspace(self.workspace), pk=kwargs["pk"])
        return self.list_of(self.get_queryset().filter(monitor=monitor))


class MonitorIncidentsV1ViewSet(MonitorIncidentsViewSet):
    """The same under the WebSignal contract."""

    scopes = {}
