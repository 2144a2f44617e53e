"""The operators' pages of planned work: deployments and maintenance windows, to be read, and to be ended."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.authentication import actor
from common import clock
from common.admin import HistoryAdmin
from common.invalid import Conflict
from monitors.models import CoveredMonitor, Deployment, MaintenanceWindow
from monitors.planned.deploying import end_deployment


@admin.register(Deployment)
class DeploymentAdmin(HistoryAdmin):
    """Deployments of every workspace; a forgotten one can be ended."""

    list_display = ("name", "release", "workspace", "state", "author", "auto_pause", "started_at", "ended_at")
    list_filter = ("state", "auto_pause", "created_at")
    list_select_related = ("workspace",)
    search_fields = ("name", "release", "author", "workspace__name", "workspace__slug")
    ordering = ("-pk",)
    actions = ("end_selected",)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("monitors.change_deployment")

    @admin.action(description="End", permissions=["end"])
    def end_selected(self, request: HttpRequest, chosen: QuerySet[Deployment]) -> None:
        ended = 0
        for deployment in chosen.order_by("pk"):
            try:
                end_deployment(deployment=deployment, by=actor(request), now=clock.now())
                ended += 1
            except Conflict as conflict:
                self.message_user(request, str(conflict), messages.ERROR)
        self.message_user(request, f"Ended: {ended}.")


@admin.register(CoveredMonitor)
class CoveredMonitorAdmin(HistoryAdmin):
    """What each deployment covers since its start."""

    list_display = ("deployment", "monitor", "is_auto_paused")
    list_filter = ("is_auto_paused", "deployment__state")
    list_select_related = ("deployment", "monitor")
    search_fields = ("deployment__name", "monitor__name")
    ordering = ("-pk",)


@admin.register(MaintenanceWindow)
class MaintenanceWindowAdmin(HistoryAdmin):
    """Windows of every workspace."""

    list_display = ("name", "workspace", "starts_at", "ends_at", "rrule", "timezone", "suppress_incidents")
    list_filter = ("suppress_alerts", "suppress_incidents", "show_on_status_page", "starts_at")
    list_select_related = ("workspace",)
    search_fields = ("name", "workspace__name", "workspace__slug")
    ordering = ("-pk",)
