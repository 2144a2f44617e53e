"""Endpoints of incidents, at /api/v1/incident and /api/incidents alike."""

from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.authentication import actor
from accounts.models import Role
from common.api.parameters import Choices, Parameter, Text, Whole, period
from common.api.views import ApiViewSet
from common.invalid import Conflict, FieldError, Invalid
from incidents import selectors, services
from incidents.api.serializers import (
    IncidentChangeSerializer,
    IncidentDetailSerializer,
    IncidentOpeningSerializer,
    IncidentReplacementSerializer,
    IncidentSerializer,
)
from incidents.deleting import delete_incident
from incidents.models import Incident, Kind, Severity, State
from monitors.models import Monitor

LIST_PARAMETERS = (
    *period("started_at"),
    Choices(name="state", among=State.values, lookup="state__in", help="Only in these states."),
    Choices(name="kind", among=Kind.values, lookup="kind__in", help="Only of these kinds."),
    Choices(name="severity", among=Severity.values, lookup="severity__in", help="Only of these severities."),
)
ORDERING = {"startedAt": "started_at", "resolvedAt": "resolved_at", "severity": "severity", "state": "state"}


def _called(incidents: "QuerySet[Incident]", name: str) -> "QuerySet[Incident]":
    return incidents.filter(Q(title=name) | Q(monitor__name=name))


@extend_schema(tags=["Incidents"])
class IncidentViewSet(ApiViewSet):
    """Stretches of time in which something was wrong."""

    queryset = Incident.objects.all()
    serializer_class = IncidentDetailSerializer
    scopes = {"GET": "monitor.read", **dict.fromkeys(("POST", "PUT", "PATCH"), "incident.write")}
    # Members work on incidents; history is taken away by who runs the workspace.
    write_roles = {"destroy": Role.ADMIN}
    list_parameters: tuple[Parameter, ...] = (
        *LIST_PARAMETERS,
        Whole(name="monitorId", lookup="monitor_id", help="Only of this monitor."),
        Text(name="name", apply=_called, help="Only with exactly this title, or of the monitor with this name."),
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
        return self._edit(request, IncidentChangeSerializer(data=request.data, partial=True))

    @extend_schema(request=IncidentReplacementSerializer, responses={200: IncidentDetailSerializer})
    def update(self, request: Request, pk: int) -> Response:
        """Replaces texts and severity; a summary that is left out is emptied. A state that is left out stays."""
        return self._edit(request, IncidentReplacementSerializer(data=request.data))

    def destroy(self, request: Request, pk: int) -> Response:
        """Removes a resolved incident for good, with timeline, notes and the record of who was told; for admins.
        Availability does not change. 409 while it is not resolved, or while an alert about it is still on its way.
        """
        with self.held() as incident:
            delete_incident(incident=incident, by=actor(request), now=self.now)
        return Response(status=204)

    def _edit(self, request: Request, serializer: IncidentChangeSerializer) -> Response:
        with self.held() as incident:
            serializer.is_valid(raise_exception=True)
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
