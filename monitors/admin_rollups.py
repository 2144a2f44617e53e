"""The operators' pages of rollups, to be read."""

from django.contrib import admin

from common.admin import HistoryAdmin
from monitors.models import DailyRollup, HourlyRollup, LateHour, RollupMark


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
