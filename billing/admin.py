"""What operators sell, to whom, and what Stripe said."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline

from billing import webhooks
from billing.models import EventState, Plan, Price, StripeEvent, Subscription, Trial
from common import clock
from common.admin import HistoryAdmin, OperatorAdmin


class PriceInline(TabularInline):
    """What a plan costs."""

    model = Price
    extra = 0


@admin.register(Plan)
class PlanAdmin(OperatorAdmin):
    """Plans and their limits."""

    list_display = ("name", "code", "rank", "monitors", "min_interval_seconds", "is_default", "is_tried", "is_offered")
    list_filter = ("is_offered",)
    search_fields = ("name", "code")
    inlines = (PriceInline,)


@admin.register(Price)
class PriceAdmin(OperatorAdmin):
    """Prices and their ids at Stripe."""

    list_display = ("plan", "amount", "currency", "interval", "stripe_id", "is_offered")
    list_filter = ("is_offered", "interval")
    list_select_related = ("plan",)
    search_fields = ("stripe_id", "plan__name")


@admin.register(Subscription)
class SubscriptionAdmin(OperatorAdmin):
    """Subscriptions; one without Stripe's id was given by an operator."""

    list_display = ("workspace", "status", "plan", "price_id", "current_period_end", "is_ending", "payment_failed_at")
    list_filter = ("status", "is_ending")
    list_select_related = ("workspace", "plan")
    search_fields = ("workspace__name", "stripe_id", "customer_id", "price_id")
    autocomplete_fields = ("workspace",)


@admin.register(Trial)
class TrialAdmin(OperatorAdmin):
    """Trials; operators move their end."""

    list_display = ("user", "plan", "started_at", "ends_at")
    list_select_related = ("user", "plan")
    search_fields = ("user__email",)
    autocomplete_fields = ("user",)


@admin.register(StripeEvent)
class StripeEventAdmin(HistoryAdmin):
    """Events as they arrived."""

    list_display = ("received_at", "type", "stripe_id", "created_at", "state", "error")
    list_filter = ("state", "type")
    search_fields = ("stripe_id", "type", "error")
    ordering = ("-pk",)
    actions = ("run_again",)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Whether this operator may run events again, though nobody edits them."""
        return bool(request.user.is_authenticated and request.user.has_perm("billing.change_stripeevent"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[StripeEvent]:
        found: QuerySet[StripeEvent] = super().get_queryset(request)
        return (
            found if request.resolver_match and "object_id" in request.resolver_match.kwargs else found.defer("payload")
        )

    @admin.action(description="Run again", permissions=["operate"])
    def run_again(self, request: HttpRequest, chosen: QuerySet[StripeEvent]) -> None:
        now: Any = clock.now()
        done = [
            webhooks.run(event_id=pk, now=now)
            for pk in chosen.order_by("created_at", "pk").values_list("pk", flat=True)
        ]
        failed = sum(one.state == EventState.FAILED for one in done)
        self.message_user(
            request, f"Run again: {len(done)}, failed: {failed}", messages.WARNING if failed else messages.SUCCESS
        )
