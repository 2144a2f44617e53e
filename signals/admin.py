"""The operators' pages of heartbeats, signals and dependencies; a heartbeat is edited at its monitor."""

from collections.abc import Mapping
from typing import Any, cast

from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.actor import Actor
from accounts.authentication import actor
from common import clock
from common.admin import HistoryAdmin, LinesInline, ServiceAdmin, ServiceForm
from signals.dependencies import delete_dependency, edit_dependency
from signals.dependents import with_status
from signals.models import (
    Dependency,
    DependencyLink,
    DependencyStatus,
    Heartbeat,
    HeartbeatState,
    Liveness,
    Signal,
    StreamTicket,
)


@admin.register(Heartbeat)
class HeartbeatAdmin(HistoryAdmin):
    """What is expected of each heartbeat. Its token is a key, so only its beginning is shown."""

    list_display = ("monitor", "token_start", "slug", "schedule", "grace_seconds", "failure_tolerance")
    list_select_related = ("monitor",)
    search_fields = ("monitor__name", "slug", "=token")
    ordering = ("-pk",)
    fields = ("monitor", "token_start", "slug", "schedule", "grace_seconds", "methods", "failure_tolerance",
              "max_runtime_seconds", "filters")  # fmt: skip

    @admin.display(description="token")
    def token_start(self, heartbeat: Heartbeat) -> str:
        return f"{heartbeat.token[:4]}…"


@admin.register(HeartbeatState)
class HeartbeatStateAdmin(HistoryAdmin):
    """What each heartbeat is in: last ping, next deadline, when the sweep looks."""

    list_display = (
        "heartbeat_name",
        "is_steady",
        "last_ping_at",
        "next_due_at",
        "attention_at",
        "consecutive_failures",
    )
    list_filter = ("is_steady",)
    list_select_related = ("heartbeat__monitor",)
    search_fields = ("heartbeat__monitor__name", "heartbeat__slug")
    ordering = ("-pk",)

    @admin.display(description="heartbeat", ordering="heartbeat__monitor__name")
    def heartbeat_name(self, state: HeartbeatState) -> str:
        return state.heartbeat.monitor.name


@admin.register(Signal)
class SignalAdmin(HistoryAdmin):
    """Single pings, newest first."""

    list_display = ("created_at", "heartbeat_name", "type", "method", "source_ip", "exit_status", "duration_ms")
    list_filter = ("type", "method")
    list_select_related = ("heartbeat__monitor",)
    search_fields = ("heartbeat__monitor__name", "user_agent", "payload")
    ordering = ("-pk",)

    @admin.display(description="heartbeat", ordering="heartbeat__monitor__name")
    def heartbeat_name(self, signal: Signal) -> str:
        return signal.heartbeat.monitor.name


@admin.register(Liveness)
class LivenessAdmin(HistoryAdmin):
    """When our own ingest was last alive."""

    list_display = ("name", "alive_at", "blind_since", "blind_until")
    search_fields = ("name",)


class DependencyForm(ServiceForm[Dependency]):
    """What a person may change of a dependency."""

    class Meta:
        model = Dependency
        fields = ("name", "description", "monitor", "pinned_status")

    def write(self, values: Mapping[str, Any]) -> Dependency:
        monitor, pin = values["monitor"], values["pinned_status"] or None
        fields = {"name": values["name"], "description": values["description"], "pinned_status": pin}
        fields["monitor_id"] = monitor.pk if monitor else None
        return edit_dependency(dependency=self.instance, by=self.actor, now=clock.now(), fields=fields)


class DependencyLinkInline(LinesInline):
    """Who needs it, and what their last pings said."""

    model = DependencyLink
    fields = readonly_fields = ("monitor", "reported_status", "reported_at")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("monitor")


@admin.register(Dependency)
class DependencyAdmin(ServiceAdmin):
    """What monitors need. Pings and the API make them; here they are pinned, named, watched or removed."""

    form = DependencyForm
    list_display = ("name", "workspace", "current_status", "pinned_status", "monitor", "updated_at")
    list_filter = ("pinned_status", "created_at")
    list_select_related = ("workspace", "monitor")
    search_fields = ("name", "workspace__name", "workspace__slug")
    autocomplete_fields = ("monitor",)
    readonly_fields = ("workspace",)
    ordering = ("-pk",)
    inlines = (DependencyLinkInline,)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Dependency]":
        return with_status(super().get_queryset(request))

    def actor_of(self, request: HttpRequest) -> Actor:
        return actor(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        delete_dependency(dependency=cast(Dependency, obj), by=actor(request), now=clock.now())

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        for one in queryset:
            delete_dependency(dependency=one, by=actor(request), now=clock.now())

    @admin.display(description="status")
    def current_status(self, dependency: Any) -> str:
        return DependencyStatus(dependency.status).label


@admin.register(DependencyLink)
class DependencyLinkAdmin(HistoryAdmin):
    """Who needs what."""

    list_display = ("monitor", "dependency", "reported_status", "reported_at")
    list_filter = ("reported_status",)
    list_select_related = ("monitor", "dependency")
    search_fields = ("monitor__name", "dependency__name")
    ordering = ("-pk",)


@admin.register(StreamTicket)
class StreamTicketAdmin(HistoryAdmin):
    """Tickets for the live stream that nobody has used yet."""

    list_display = ("user", "workspace", "token", "expires_at")
    list_select_related = ("user", "workspace", "token")
    search_fields = ("user__email", "workspace__name")
    exclude = ("digest", "session_key")
    ordering = ("-pk",)
