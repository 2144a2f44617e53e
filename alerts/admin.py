"""What operators see of alerts. Secrets are never shown: a channel's config stays out of every page."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from accounts.authentication import actor
from alerts import services
from alerts.models import Channel, Delivery, DeliveryAttempt, PhoneNumber, Recipient, Rule, SmsMonth
from alerts.monthly.admin import MonthlyReportAdmin, ReportScheduleAdmin
from alerts.recipients import addresses as recipients
from alerts.recipients import phone_numbers
from common import clock
from common.admin import HistoryAdmin, LinesInline
from common.invalid import Conflict

__all__ = [
    "ChannelAdmin",
    "DeliveryAdmin",
    "DeliveryAttemptAdmin",
    "MonthlyReportAdmin",
    "PhoneNumberAdmin",
    "RecipientAdmin",
    "ReportScheduleAdmin",
    "RuleAdmin",
    "SmsMonthAdmin",
]


class OutboxAdmin(HistoryAdmin):
    """Rows that only the platform writes; what operators may do to them are actions."""

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Whether this operator may act on the rows, though nobody edits them."""
        user = request.user
        return user.is_authenticated and user.has_perm(f"alerts.change_{self.opts.model_name}")

    def each(self, request: HttpRequest, chosen: Iterable[Any], act: Callable[[Any], object], done: str) -> None:
        """Acts on each row, and says how many it was and why others were refused."""
        count = 0
        for row in chosen:
            try:
                act(row)
                count += 1
            except Conflict as refused:
                self.message_user(request, f"{row}: {refused}", messages.WARNING)
        self.message_user(request, f"{done}: {count}", messages.SUCCESS)


@admin.register(Channel)
class ChannelAdmin(HistoryAdmin):
    """Channels without their settings."""

    list_display = ("name", "type", "workspace", "is_enabled", "is_failing", "is_owners", "verified_at", "rule_count")
    list_filter = ("type", "is_enabled", "is_failing", "is_owners")
    search_fields = ("name", "workspace__name")
    list_select_related = ("workspace",)
    exclude = ("config",)
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        found: QuerySet[Channel] = super().get_queryset(request)
        return found.defer("config").annotate(rules_naming=Count("rules"))

    @admin.display(description="Rules", ordering="rules_naming")
    def rule_count(self, channel: Channel) -> int:
        return int(channel.rules_naming)  # type: ignore[attr-defined]


@admin.register(Rule)
class RuleAdmin(HistoryAdmin):
    """Rules with their scope and channels."""

    list_display = ("name", "workspace", "scope", "events", "channel_names", "is_enabled", "is_action_group")
    list_filter = ("is_enabled", "is_action_group")
    search_fields = ("name", "tag", "workspace__name", "monitor__name")
    list_select_related = ("workspace", "monitor", "service_group")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        found: QuerySet[Rule] = super().get_queryset(request)
        return found.prefetch_related("channels")

    @admin.display
    def scope(self, rule: Rule) -> str:
        return str(rule.monitor or rule.service_group or (f"tag {rule.tag}" if rule.tag else "all monitors"))

    @admin.display(description="Channels")
    def channel_names(self, rule: Rule) -> str:
        return ", ".join(channel.name for channel in rule.channels.all())


class AttemptInline(LinesInline):
    """Every try of a delivery."""

    model = DeliveryAttempt
    fields = readonly_fields = ("started_at", "ok", "status_code", "latency_ms", "error", "response_excerpt")


@admin.register(Delivery)
class DeliveryAdmin(OutboxAdmin):
    """The outbox."""

    list_display = (
        "created_at",
        "event",
        "channel",
        "workspace",
        "incident",
        "state",
        "attempts_made",
        "next_attempt_at",
        "finished_at",
    )
    list_filter = ("state", "event", "channel__type")
    search_fields = ("channel__name", "workspace__name", "incident__title", "message_id")
    list_select_related = ("channel", "workspace", "incident")
    ordering = ("-pk",)
    inlines = (AttemptInline,)
    actions = ("resend", "dismiss")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        found: QuerySet[Delivery] = super().get_queryset(request)
        return found.defer("channel__config")

    @admin.action(description="Send again", permissions=["operate"])
    def resend(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        by, now = actor(request), clock.now()
        self.each(request, chosen, lambda one: services.resend(delivery=one, by=by, now=now), "Sent again")

    @admin.action(description="Dismiss", permissions=["operate"])
    def dismiss(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        by, now = actor(request), clock.now()
        self.each(request, chosen, lambda one: services.dismiss(delivery=one, by=by, now=now), "Dismissed")


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(HistoryAdmin):
    """Every try of every delivery."""

    list_display = ("started_at", "delivery", "ok", "status_code", "latency_ms", "error")
    list_filter = ("ok",)
    search_fields = ("error", "delivery__channel__name")
    list_select_related = ("delivery",)
    ordering = ("-pk",)


@admin.register(Recipient)
class RecipientAdmin(OutboxAdmin):
    """Addresses that are no member's own."""

    list_display = ("address", "workspace", "confirmed_at", "asked_at", "ask_at", "ask_error")
    list_filter = (("confirmed_at", admin.EmptyFieldListFilter),)
    search_fields = ("address", "workspace__name")
    list_select_related = ("workspace",)
    actions = ("ask_again",)

    @admin.action(description="Ask again", permissions=["operate"])
    def ask_again(self, request: HttpRequest, chosen: QuerySet[Recipient]) -> None:
        now = clock.now()
        self.each(request, chosen, lambda one: recipients.ask_again(recipient=one, now=now), "Asked again")


@admin.register(PhoneNumber)
class PhoneNumberAdmin(OutboxAdmin):
    """Phone numbers that get alerts once they agree."""

    list_display = ("number", "workspace", "confirmed_at", "asked_at", "ask_at", "ask_error")
    list_filter = (("confirmed_at", admin.EmptyFieldListFilter),)
    search_fields = ("number", "workspace__name")
    list_select_related = ("workspace",)
    exclude = ("code_digest",)
    actions = ("ask_again",)

    @admin.action(description="Send another code", permissions=["operate"])
    def ask_again(self, request: HttpRequest, chosen: QuerySet[PhoneNumber]) -> None:
        now = clock.now()
        self.each(
            request,
            chosen.select_related("workspace"),
            lambda one: phone_numbers.ask_again(workspace=one.workspace, number=one.number, now=now),
            "Asked again",
        )


@admin.register(SmsMonth)
class SmsMonthAdmin(HistoryAdmin):
    """Text messages by workspace and month."""

    list_display = ("month", "workspace", "sent")
    search_fields = ("workspace__name",)
    list_select_related = ("workspace",)
    ordering = ("-month", "-sent")
