"""The operators' pages of regions, their engines and agents, and what was said of them."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest

from common import clock
from common.admin import HistoryAdmin, OperatorAdmin
from monitors.models import AgentToken, EngineRun, OperatorNotice, Region, RegionState
from monitors.regions.agents import make_agent_token


@admin.register(Region)
class RegionAdmin(OperatorAdmin):
    """Places that probe."""

    list_display = ("key", "name", "country", "is_enabled", "last_seen_at", "silent_since")
    list_filter = ("is_enabled",)
    search_fields = ("key", "name", "country")
    readonly_fields = ("last_seen_at", "silent_since")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """One that monitors are watched from is disabled instead: its results would go with it."""
        is_used = obj is not None and RegionState.objects.filter(region=obj).exists()
        return not is_used and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: one for name, one in super().get_actions(request).items() if name != "delete_selected"}


@admin.register(EngineRun)
class EngineRunAdmin(HistoryAdmin):
    """Engines, alive while they say so."""

    list_display = ("pk", "region", "is_remote", "alive_at")
    list_filter = ("region", "is_remote")
    list_select_related = ("region",)
    ordering = ("-pk",)


@admin.register(AgentToken)
class AgentTokenAdmin(OperatorAdmin):
    """Tokens of agents; the secret is shown once, when it is made."""

    list_display = ("name", "prefix", "region", "is_enabled", "last_used_at", "last_used_address")
    list_filter = ("region", "is_enabled")
    list_select_related = ("region",)
    search_fields = ("name", "prefix", "region__key")
    readonly_fields = ("prefix", "created_at", "last_used_at", "last_used_address")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A token never changes its region."""
        return (*self.readonly_fields, "region") if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: AgentToken, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made = make_agent_token(region=obj.region, name=obj.name, now=clock.now())
        obj.pk, obj.prefix, obj._state.adding = made.token.pk, made.token.prefix, False
        self.message_user(request, f"The token, shown only now: {made.secret}", messages.WARNING)


@admin.register(OperatorNotice)
class OperatorNoticeAdmin(HistoryAdmin):
    """What operators were told by email, and what waits to be."""

    list_display = ("created_at", "subject", "region", "attempts", "sent_at", "error")
    list_filter = ("region", "created_at")
    list_select_related = ("region",)
    search_fields = ("subject", "text")
    ordering = ("-pk",)
