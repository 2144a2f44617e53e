"""The operators' pages of monitors, regions and what was seen."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.actor import Actor
from accounts.authentication import actor
from common import clock
from common.admin import HistoryAdmin, OperatorAdmin, ServiceAdmin
from common.invalid import Conflict
from monitors.admin_form import MonitorForm
from monitors.checking import check_now
from monitors.models import (
    Evidence,
    Facts,
    Finding,
    LearnedAnswer,
    Monitor,
    MonitorState,
    RegionState,
    Result,
    ServiceGroup,
    StatusChange,
)
from monitors.planned.admin import CoveredMonitorAdmin, DeploymentAdmin, MaintenanceWindowAdmin
from monitors.regions.admin import AgentTokenAdmin, EngineRunAdmin, OperatorNoticeAdmin, RegionAdmin
from monitors.rollups.admin import DailyRollupAdmin, HourlyRollupAdmin, LateHourAdmin, ReportAdmin, RollupMarkAdmin
from monitors.services import delete_monitor, pause, resume

__all__ = [
    "AgentTokenAdmin",
    "CoveredMonitorAdmin",
    "DailyRollupAdmin",
    "DeploymentAdmin",
    "EngineRunAdmin",
    "HourlyRollupAdmin",
    "LateHourAdmin",
    "MaintenanceWindowAdmin",
    "OperatorNoticeAdmin",
    "RegionAdmin",
    "ReportAdmin",
    "RollupMarkAdmin",
]

MOST_CHECKS = 20


@admin.register(Monitor)
class MonitorAdmin(ServiceAdmin):
    """Monitors of every workspace, edited under the same rules as through the API."""

    form = MonitorForm
    list_display = ("name", "workspace", "type", "status", "status_since", "target", "interval_seconds", "is_paused")
    list_filter = ("type", "state__status", "is_paused", "created_at")
    list_select_related = ("workspace", "state")
    search_fields = ("name", "target", "external_key", "workspace__name", "workspace__slug")
    ordering = ("-pk",)
    autocomplete_fields = ("workspace", "service_group", "depends_on")
    actions = ("pause_selected", "resume_selected", "check_selected")
    readonly_fields = ("target", "status", "status_since", "version", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("workspace", "type", "name", "description", "target", "status", "status_since")}),
        ("What is checked", {"fields": ("settings", "regions", "interval_seconds", "timeout_ms", "is_paused")}),
        (
            "When it alerts",
            {
                "fields": (
                    "fail_after_consecutive",
                    "resolve_after_consecutive_success",
                    "quorum",
                    "latency_threshold_ms",
                    "ssl_expiry_days",
                )
            },
        ),
        ("Where it belongs", {"fields": ("tags", "service_group", "depends_on", "external_key")}),
        ("History", {"fields": ("version", "created_at", "updated_at")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        """A monitor never changes its workspace or its type."""
        return (*self.readonly_fields, "workspace", "type") if obj else self.readonly_fields

    def actor_of(self, request: HttpRequest) -> Actor:
        return actor(request)

    @admin.display(ordering="state__status")
    def status(self, monitor: Monitor) -> str:
        return monitor.state.get_status_display() if monitor.pk else "–"

    @admin.display(description="since", ordering="state__status_since")
    def status_since(self, monitor: Monitor) -> Any:
        return monitor.state.status_since if monitor.pk else None

    @admin.action(description="Pause", permissions=["change"])
    def pause_selected(self, request: HttpRequest, chosen: QuerySet[Monitor]) -> None:
        self._each(request, chosen, pause, "Paused")

    @admin.action(description="Resume", permissions=["change"])
    def resume_selected(self, request: HttpRequest, chosen: QuerySet[Monitor]) -> None:
        self._each(request, chosen, resume, "Resumed")

    @admin.action(description="Check now", permissions=["change"])
    def check_selected(self, request: HttpRequest, chosen: QuerySet[Monitor]) -> None:
        for monitor in chosen.select_related("workspace")[:MOST_CHECKS]:
            try:
                result = check_now(monitor=monitor, by=actor(request), now=clock.now())
            except Conflict as refused:
                self.message_user(request, f"{monitor}: {refused}", messages.WARNING)
                continue
            said = "answers" if result.ok else f"fails: {result.detail or result.failure_class}"
            self.message_user(request, f"{monitor} {said}", messages.SUCCESS if result.ok else messages.ERROR)
        if (left := chosen.count() - MOST_CHECKS) > 0:
            self.message_user(request, f"{left} more were not checked: at most {MOST_CHECKS} at once", messages.WARNING)

    def _each(self, request: HttpRequest, chosen: QuerySet[Monitor], act: Callable[..., Monitor], done: str) -> None:
        now, monitors = clock.now(), list(chosen.select_related("workspace"))
        for monitor in monitors:
            act(monitor=monitor, by=actor(request), now=now)
        self.message_user(request, f"{done} {len(monitors)} monitors", messages.SUCCESS)

    def delete_model(self, request: HttpRequest, obj: Monitor) -> None:
        delete_monitor(monitor=obj, by=actor(request), now=clock.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Monitor]) -> None:
        for monitor in queryset.select_related("workspace"):
            self.delete_model(request, monitor)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Names the monitors and counts what goes with them, rather than loading a history of millions of rows."""
        monitors = list(objs)
        incidents = sum(monitor.incidents.count() for monitor in monitors)
        named = [f"{monitor} with its history and incidents" for monitor in monitors]
        return named, {"monitors": len(monitors), "incidents": incidents}, set(), []


@admin.register(ServiceGroup)
class ServiceGroupAdmin(OperatorAdmin):
    """Monitors that make up one service."""

    list_display = ("name", "workspace", "description")
    list_select_related = ("workspace",)
    search_fields = ("name", "workspace__name", "workspace__slug")
    autocomplete_fields = ("workspace",)


@admin.register(MonitorState)
class MonitorStateAdmin(HistoryAdmin):
    """What each monitor is in."""

    list_display = ("monitor", "status", "status_since")
    list_filter = ("status",)
    list_select_related = ("monitor",)
    search_fields = ("monitor__name", "monitor__target")


@admin.register(RegionState)
class RegionStateAdmin(HistoryAdmin):
    """When each region checks a monitor next, and what its last checks said."""

    list_display = ("monitor", "region", "is_down", "consecutive_failures", "last_latency_ms", "last_checked_at",
                    "next_check_at", "claimable_at", "skipped_slots")  # fmt: skip
    list_filter = ("region", "is_down", "last_failure_class")
    list_select_related = ("monitor", "region")
    search_fields = ("monitor__name", "monitor__target")


@admin.register(Result)
class ResultAdmin(HistoryAdmin):
    """Single checks, newest first."""

    list_display = ("scheduled_at", "monitor", "region", "ok", "failure_class", "status_code", "latency_ms", "lag_ms")
    list_filter = ("ok", "failure_class", "region")
    list_select_related = ("monitor", "region")
    search_fields = ("monitor__name", "address", "detail")
    ordering = ("-pk",)


@admin.register(Evidence)
class EvidenceAdmin(HistoryAdmin):
    """What the last good and the first failed check saw."""

    list_display = ("monitor", "region", "is_good", "observed_at")
    list_filter = ("is_good", "region")
    list_select_related = ("monitor", "region")
    search_fields = ("monitor__name", "monitor__target")


@admin.register(Facts)
class FactsAdmin(HistoryAdmin):
    """What checks learned of their targets, where it changed."""

    list_display = ("observed_at", "monitor", "region", "is_current")
    list_filter = ("is_current", "region")
    list_select_related = ("monitor", "region")
    search_fields = ("monitor__name", "monitor__target")
    ordering = ("-pk",)


@admin.register(Finding)
class FindingAdmin(HistoryAdmin):
    """What targets that answer are warned about now."""

    list_display = ("monitor", "region", "kind", "severity", "detail")
    list_filter = ("kind", "severity", "region")
    list_select_related = ("monitor", "region")
    search_fields = ("monitor__name", "detail")


@admin.register(LearnedAnswer)
class LearnedAnswerAdmin(HistoryAdmin):
    """Answers that monitors without an expected one compare with."""

    list_display = ("monitor", "region", "learned_at", "waiting_since", "confirmed_by")
    list_filter = ("region",)
    list_select_related = ("monitor", "region", "confirmed_by")
    search_fields = ("monitor__name", "monitor__target")


@admin.register(StatusChange)
class StatusChangeAdmin(HistoryAdmin):
    """Every change of status."""

    list_display = ("at", "monitor", "before", "after", "reason")
    list_filter = ("after",)
    list_select_related = ("monitor",)
    search_fields = ("monitor__name", "reason")
    ordering = ("-pk",)
    date_hierarchy = "at"
