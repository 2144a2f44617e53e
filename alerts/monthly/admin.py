"""The operators' pages of monthly reports, to be read."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from alerts.models import MonthlyReport, ReportSchedule
from common.admin import HistoryAdmin


@admin.register(ReportSchedule)
class ReportScheduleAdmin(HistoryAdmin):
    """Report schedules of every workspace."""

    list_display = ("name", "workspace", "covers", "goes_to", "timezone", "is_enabled", "next_due_at")
    list_filter = ("is_enabled", "covers", "next_due_at")
    list_select_related = ("workspace", "channel")
    search_fields = ("name", "workspace__name", "channel__name")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReportSchedule]:
        found: QuerySet[ReportSchedule] = super().get_queryset(request)
        return found.defer("channel__config")

    @admin.display(description="Goes to", ordering="channel__name")
    def goes_to(self, schedule: ReportSchedule) -> str:
        return schedule.channel.name if schedule.channel else "Workspace owners"


@admin.register(MonthlyReport)
class MonthlyReportAdmin(HistoryAdmin):
    """Monthly reports without what they say, which is the workspace's own."""

    list_display = ("month", "schedule", "workspace", "purpose", "state", "attempts", "error", "finished_at")
    list_filter = ("state", "purpose", "created_at")
    list_select_related = ("schedule", "workspace")
    search_fields = ("schedule__name", "workspace__name", "error")
    exclude = ("content", "pdf")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request)
        return found.defer("content", "pdf")
