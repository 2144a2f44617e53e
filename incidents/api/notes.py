"""Endpoints of the notes on an incident."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor
from common.api.views import ApiViewSet
from incidents import services
from incidents.api.serializers import NoteSerializer
from incidents.models import Incident, Note


@extend_schema(tags=["Incident notes"])
class NoteViewSet(ApiViewSet):
    """Notes on one incident, oldest first."""

    queryset = Note.objects.all()
    serializer_class = NoteSerializer
    scopes = {"GET": "monitor.read", "POST": "incident.write", "PATCH": "incident.write", "DELETE": "incident.write"}
    search_fields = ("body",)
    ordering_fields = {"createdAt": "created_at", "updatedAt": "updated_at"}
    default_ordering = ("created_at",)

    def get_queryset(self) -> "QuerySet[Note]":
        notes = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return notes
        return notes.filter(incident=self._incident()).select_related("author", "incident__workspace")

    def _incident(self) -> Incident:
        return get_object_or_404(Incident.objects.in_workspace(self.workspace), pk=self.kwargs["incident_pk"])

    def create(self, request: Request, incident_pk: int) -> Response:
        """Writes a note of 1 to 10,000 characters of Markdown."""
        incident, fields = self._incident(), self.checked()
        note = services.add_note(incident=incident, body=fields["body"], by=actor(request), now=self.now)
        return self.created(note)

    def partial_update(self, request: Request, incident_pk: int, pk: int) -> Response:
        """Changes a note; only its author or an admin may."""
        with self.held() as note:
            services.must_own(note, actor(request))
            body = self.checked(partial=True).get("body", note.body)
            note = services.edit_note(note=note, body=body, by=actor(request), now=self.now)
        return self.answer(note)

    def destroy(self, request: Request, incident_pk: int, pk: int) -> Response:
        """Removes a note; only its author or an admin may."""
        with self.held() as note:
            services.delete_note(note=note, by=actor(request))
        return Response(status=204)


class NoteV1ViewSet(NoteViewSet):
    """Notes under the WebSignal contract, whose scope is one for all."""

    scopes = {}
