"""What is sold, what a workspace has bought, and what Stripe said about it."""

from typing import Any

from django.db import models

from accounts.models import User, Workspace
from common.scoping import ScopedManager


class Plan(models.Model):
    """What a workspace may use; the API calls it a product. A limit that is null does not bound."""

    code = models.SlugField(max_length=40, unique=True, help_text="A name that stays, such as PRO.")
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    features: "models.JSONField[list[str], list[str]]" = models.JSONField(
        default=list, blank=True, help_text="A list of lines that sell it."
    )
    rank = models.PositiveSmallIntegerField(help_text="The higher of several plans of a workspace counts.")
    is_default = models.BooleanField(default=False, help_text="What a workspace has that has bought nothing.")
    is_tried = models.BooleanField(default=False, help_text="What a trial gives.")
    is_offered = models.BooleanField(default=True, help_text="Whether it is shown among what is sold.")
    monitors = models.PositiveIntegerField(null=True, blank=True)
    min_interval_seconds = models.PositiveIntegerField(default=60)
    regions = models.PositiveIntegerField(null=True, blank=True)
    members = models.PositiveIntegerField(null=True, blank=True)
    status_pages = models.PositiveIntegerField(null=True, blank=True)
    sms_per_month = models.PositiveIntegerField(null=True, blank=True)
    retention_days = models.PositiveIntegerField(null=True, blank=True)
    api_writes_per_minute = models.PositiveIntegerField(null=True, blank=True, help_text="Of one kind of object.")

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_plan"
            ),
            models.UniqueConstraint(fields=["is_tried"], condition=models.Q(is_tried=True), name="one_plan_to_try"),
        ]

    def __str__(self) -> str:
        return self.name


class Interval(models.TextChoices):
    """How often a price is paid."""

    MONTH = "month", "Month"
    YEAR = "year", "Year"


class Price(models.Model):
    """What a plan costs."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="prices")
    amount = models.PositiveIntegerField(help_text="In the currency's smallest unit, as Stripe has it: 1900 is 19.00.")
    currency = models.CharField(max_length=3, default="eur")
    interval = models.CharField(max_length=5, choices=Interval.choices, default=Interval.MONTH)
    stripe_id = models.CharField(max_length=120, unique=True, null=True, blank=True, help_text="Its id at Stripe.")
    is_offered = models.BooleanField(default=True)

    class Meta:
        ordering = ["plan", "interval", "amount"]

    def __str__(self) -> str:
        return f"{self.amount / 100:,.2f} {self.currency.upper()} a {self.interval}"


class SubscriptionStatus(models.TextChoices):
    """As Stripe names them."""

    TRIALING = "trialing", "Trialing"
    ACTIVE = "active", "Active"
    PAST_DUE = "past_due", "Past due"
    UNPAID = "unpaid", "Unpaid"
    PAUSED = "paused", "Paused"
    CANCELED = "canceled", "Canceled"
    INCOMPLETE = "incomplete", "Incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired", "Incomplete, expired"


# Past due still counts: Stripe tries the card again for days before it gives up.
IN_FORCE = (SubscriptionStatus.TRIALING, SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
NEVER_PAID = (SubscriptionStatus.INCOMPLETE, SubscriptionStatus.INCOMPLETE_EXPIRED)


class Subscription(models.Model):
    """One subscription as the newest event about it says; made by Stripe's events, or by an operator without Stripe.

    Each `…_stamp` orders events about one group of fields: only a later one writes, so that their order of arrival
    does not matter. The workspace is known once any event has named it.
    """

    workspace = models.ForeignKey(Workspace, models.SET_NULL, null=True, blank=True, related_name="subscriptions")
    stripe_id = models.CharField(max_length=120, unique=True, null=True, blank=True)
    customer_id = models.CharField(max_length=120, blank=True, db_index=True)
    price_id = models.CharField(max_length=120, blank=True, help_text="Stripe's id of what is paid.")
    plan = models.ForeignKey(
        Plan, models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: as the price says."
    )
    status = models.CharField(max_length=20, choices=SubscriptionStatus.choices, default=SubscriptionStatus.INCOMPLETE)
    current_period_end = models.DateTimeField(null=True, blank=True)
    is_ending = models.BooleanField(default=False, help_text="It ends with its period.")
    payment_failed_at = models.DateTimeField(null=True, blank=True)
    state_stamp = models.CharField(max_length=160, blank=True, editable=False)
    owner_stamp = models.CharField(max_length=160, blank=True, editable=False)
    payment_stamp = models.CharField(max_length=160, blank=True, editable=False)

    objects = ScopedManager()

    def __str__(self) -> str:
        return f"{self.stripe_id or 'by hand'}: {self.status}"


class EventState(models.TextChoices):
    """What became of an event."""

    RECEIVED = "RECEIVED", "Received"
    PROCESSED = "PROCESSED", "Processed"
    IGNORED = "IGNORED", "Ignored"
    FAILED = "FAILED", "Failed"


class StripeEvent(models.Model):
    """An event as it arrived. Working it off twice changes nothing."""

    stripe_id = models.CharField(max_length=120, unique=True)
    type = models.CharField(max_length=120)
    created_at = models.DateTimeField(help_text="When it happened at Stripe.")
    payload: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=EventState.choices, default=EventState.RECEIVED)
    error = models.CharField(max_length=300, blank=True)
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "Stripe event"
        indexes = [models.Index(fields=["state", "received_at"], name="stripe_event_by_state")]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_id}"


class Trial(models.Model):
    """A person's one try of a plan, in all workspaces that they own. Whether it runs is a matter of the clock."""

    user = models.OneToOneField(User, models.CASCADE, related_name="trial")
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user} until {self.ends_at:%Y-%m-%d}"
