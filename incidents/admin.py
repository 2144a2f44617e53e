"""The operators' pages of incidents, their timelines and notes."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.actor import Actor
from accounts.authentication import actor
from common import clock
from common.admin import HistoryAdmin, LinesInline, ServiceAdmin, ServiceForm
from common.invalid import Conflict
from incidents.models import HeldIncident, Incident, Note, TimelineEvent
from incidents.services import acknowledge, edit_incident, resolve_incident


class IncidentForm(ServiceForm[Incident]):
    """What a person may change of an incident."""

    class Meta:
        model = Incident
        fields = ("title", "severity", "summary")

    def write(self, values: Mapping[str, Any]) -> Incident:
        return edit_incident(incident=self.instance, by=self.actor, now=clock.now(), fields=dict(values))


class TimelineInline(LinesInline):
    """The timeline."""

    model = TimelineEvent
    fields = readonly_fields = ("created_at", "type", "actor", "message")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("actor")


class NoteInline(LinesInline):
    """What people wrote."""

    model = Note
    fields = readonly_fields = ("created_at", "author", "body")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("author")


@admin.register(Incident)
class IncidentAdmin(ServiceAdmin):
    """Incidents of every workspace. They are opened by monitors and people, and never deleted alone."""

    form = IncidentForm
    list_display = ("title", "workspace", "monitor", "kind", "severity", "state", "started_at", "resolved_at")
    list_filter = ("state", "kind", "severity", "started_at")
    list_select_related = ("workspace", "monitor")
    search_fields = ("title", "monitor__name", "workspace__name", "workspace__slug")
    date_hierarchy = "started_at"
    ordering = ("-pk",)
    actions = ("acknowledge_selected", "resolve_selected")
    inlines = (TimelineInline, NoteInline)
    readonly_fields = ("workspace", "monitor", "kind", "state", "started_at", "acknowledged_at", "acknowledged_by",
                       "resolved_at", "resolved_by", "cause", "first_failure", "last_good")  # fmt: skip

    def actor_of(self, request: HttpRequest) -> Actor:
        return actor(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    @admin.action(description="Acknowledge", permissions=["change"])
    def acknowledge_selected(self, request: HttpRequest, chosen: QuerySet[Incident]) -> None:
        now, count = clock.now(), 0
        for incident in chosen:
            try:
                acknowledge(incident=incident, by=actor(request), now=now)
                count += 1
            except Conflict as refused:
                self.message_user(request, f"{incident}: {refused}", messages.WARNING)
        self.message_user(request, f"Acknowledged {count} incidents", messages.SUCCESS)

    @admin.action(description="Resolve", permissions=["change"])
    def resolve_selected(self, request: HttpRequest, chosen: QuerySet[Incident]) -> None:
        now, incidents = clock.now(), list(chosen)
        for incident in incidents:
            resolve_incident(incident=incident, by=actor(request), now=now)
        self.message_user(request, f"Resolved {len(incidents)} incidents", messages.SUCCESS)


@admin.register(TimelineEvent)
class TimelineEventAdmin(HistoryAdmin):
    """Every line of every timeline."""

    list_display = ("created_at", "incident", "type", "actor", "message")
    list_filter = ("type",)
    list_select_related = ("incident", "actor")
    search_fields = ("message", "incident__title")
    ordering = ("-pk",)


@admin.register(Note)
class NoteAdmin(HistoryAdmin):
    """What people wrote on incidents; changed by its author or an admin of the workspace, not here."""

    list_display = ("created_at", "incident", "author", "body_start")
    list_select_related = ("incident", "author")
    search_fields = ("body", "incident__title", "author__email")
    ordering = ("-pk",)

    @admin.display(description="note")
    def body_start(self, note: Note) -> str:
        return str(note)


@admin.register(HeldIncident)
class HeldIncidentAdmin(HistoryAdmin):
    """What planned work holds back right now."""

    list_display = ("started_at", "monitor", "kind", "severity", "title", "held_by")
    list_filter = ("kind", "severity")
    list_select_related = ("monitor",)
    search_fields = ("title", "monitor__name", "held_by")
    ordering = ("-pk",)
