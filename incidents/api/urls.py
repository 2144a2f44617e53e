"""Addresses of incidents, below /api/."""

from typing import Any

from django.urls import URLPattern, URLResolver, path

from common.api.routes import Routes
from incidents.api.notes import NoteV1ViewSet, NoteViewSet
from incidents.api.views import (
    IncidentV1ViewSet,
    IncidentViewSet,
    MonitorIncidentsV1ViewSet,
    MonitorIncidentsViewSet,
)

routes = Routes()
routes.register("v1/incident", IncidentV1ViewSet, basename="v1-incident")
routes.register("incidents", IncidentViewSet, basename="incident")
routes.register("v1/incident/<int:incident_pk>/notes", NoteV1ViewSet, basename="v1-note")
routes.register("incidents/<int:incident_pk>/notes", NoteViewSet, basename="note")

_list: dict[str, Any] = {"get": "list"}
urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/monitor/<int:pk>/incident", MonitorIncidentsV1ViewSet.as_view(_list), name="v1-monitor-incidents"),
    path("monitors/<int:pk>/incidents", MonitorIncidentsViewSet.as_view(_list), name="monitor-incidents"),
    *routes.urls,
]
