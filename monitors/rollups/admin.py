"""The operators' pages of rollups and reports, to be read."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from common.admin import HistoryAdmin
from monitors.models import DailyRollup, HourlyRollup, LateHour, Report, RollupMark


@admin.register(DailyRollup)
class DailyRollupAdmin(HistoryAdmin):
    """What each day came to."""

    list_display = ("day", "monitor", "region", "checks", "failures")
    list_filter = ("region",)
    list_select_related = ("monitor", "region")
    search_fields = ("monitor__name",)
    ordering = ("-pk",)
    exclude = ("summary",)


@admin.register(HourlyRollup)
class HourlyRollupAdmin(HistoryAdmin):
    """Days whose hours are kept."""

    list_display = ("day", "monitor", "region")
    list_filter = ("region",)
    list_select_related = ("monitor", "region")
    search_fields = ("monitor__name",)
    ordering = ("-pk",)
    exclude = ("hours",)


@admin.register(RollupMark)
class RollupMarkAdmin(HistoryAdmin):
    """How far the rolling up has come."""

    list_display = ("pk", "hours_until", "days_until")
    ordering = ("-pk",)


@admin.register(LateHour)
class LateHourAdmin(HistoryAdmin):
    """Hours that wait to be rolled up again."""

    list_display = ("hour", "monitor")
    list_select_related = ("monitor",)
    search_fields = ("monitor__name",)
    ordering = ("-pk",)


@admin.register(Report)
class ReportAdmin(HistoryAdmin):
    """Reports that were asked for."""

    list_display = ("created_at", "monitor", "format", "since", "until", "state", "attempts", "requested_by")
    list_filter = ("state", "format")
    list_select_related = ("monitor", "requested_by")
    search_fields = ("monitor__name",)
    ordering = ("-pk",)
    exclude = ("content",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        found: QuerySet[Report] = super().get_queryset(request)
        return found.defer("content")
