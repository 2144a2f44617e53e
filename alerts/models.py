"""Who is told what by which way, and every telling."""

import uuid
from typing import Any

from django.db import models
from django.db.models import Q

from accounts.models import User, WorkspaceOwned
from alerts.monthly.models import MonthlyReport, MonthlyReportState, ReportCovers, ReportPurpose, ReportSchedule
from alerts.recipients.asked_models import Asked
from alerts.recipients.sms_models import PhoneNumber, SmsMonth
from common.scoping import ScopedManager
from common.secrets import EncryptedJSONField
from incidents.models import Incident
from monitors.models import Monitor, ServiceGroup

__all__ = [
    "RULE_EVENTS",
    "AlertEvent",
    "Channel",
    "ChannelType",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryState",
    "MonthlyReport",
    "MonthlyReportState",
    "PhoneNumber",
    "Recipient",
    "ReportCovers",
    "ReportPurpose",
    "ReportSchedule",
    "Rule",
    "SmsMonth",
]


class ChannelType(models.TextChoices):
    """A way to reach somebody."""

    EMAIL = "email", "Email"
    WEBHOOK = "webhook", "Webhook"
    SMS = "sms", "SMS"


class AlertEvent(models.TextChoices):
    """What can be told."""

    INCIDENT_OPEN = "incident_open", "Incident opens"
    INCIDENT_ACKNOWLEDGED = "incident_acknowledged", "Incident is acknowledged"
    INCIDENT_RESOLVED = "incident_resolved", "Incident resolves"
    INCIDENT_REMINDER = "incident_reminder", "Incident is still open"
    MONTHLY_REPORT = "monthly_report", "Monthly report"
    TEST = "test", "Test"


# What a rule may name; a report has a schedule, a test is asked for by a person.
RULE_EVENTS = tuple(event for event in AlertEvent.values if event.startswith("incident_"))


class Channel(WorkspaceOwned):
    """A way to reach somebody, with its settings; secrets only in `config`, encrypted at rest.

    The lease of a sender lies here, not on the delivery: a channel has at most one message under way.
    """

    name = models.CharField(max_length=120)
    type = models.CharField(max_length=16, choices=ChannelType.choices)
    config = EncryptedJSONField(default=dict)
    is_enabled = models.BooleanField(default=True)
    is_owners = models.BooleanField(default=False, help_text="Tells the workspace's owners where no rule covers.")
    disabled_reason = models.CharField(max_length=200, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    is_failing = models.BooleanField(default=False, help_text="Its last attempt failed; it waits in a lane of its own.")
    claimed_by = models.UUIDField(null=True, blank=True, editable=False)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"], condition=Q(is_owners=True), name="one_owners_channel_a_workspace"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Recipient(Asked):
    """An email address that is not a member's own: it gets alerts once it has confirmed."""

    asked_by = "address"

    address = models.EmailField(max_length=254)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "address"], name="one_recipient_an_address")]
        indexes = [models.Index(fields=["ask_at"], name="recipient_to_ask", condition=Q(ask_at__isnull=False))]


class Rule(WorkspaceOwned):
    """Which events of which monitors go to which channels. Scope: one monitor, a group, a tag, or all."""

    name = models.CharField(max_length=120)
    monitor = models.ForeignKey(Monitor, models.CASCADE, null=True, blank=True, related_name="rules")
    service_group = models.ForeignKey(ServiceGroup, models.CASCADE, null=True, blank=True, related_name="rules")
    tag = models.CharField(max_length=60, blank=True)
    when: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)
    events: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    channels: "models.ManyToManyField[Channel, Any]" = models.ManyToManyField(Channel, related_name="rules")
    is_enabled = models.BooleanField(default=True)
    is_action_group = models.BooleanField(default=False, help_text="Made as a monitor's action group: one channel.")
    reminder_seconds = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name


class DeliveryState(models.TextChoices):
    """Where a delivery is in its life."""

    PENDING = "PENDING", "Pending"
    SENDING = "SENDING", "Sending"
    DELIVERED = "DELIVERED", "Delivered"
    FAILED = "FAILED", "Failed"
    DISMISSED = "DISMISSED", "Dismissed"


class Delivery(WorkspaceOwned):
    """One message to one channel about one incident event: the outbox. `message_id` lets a receiver drop repeats."""

    message_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="deliveries")
    rule = models.ForeignKey(Rule, models.SET_NULL, null=True, related_name="deliveries")
    incident = models.ForeignKey(Incident, models.CASCADE, null=True, related_name="deliveries")
    event = models.CharField(max_length=24, choices=AlertEvent.choices)
    occurrence = models.CharField(max_length=80, help_text="Which happening of the event: one message each a channel.")
    payload: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, help_text="Null once it is over.")
    reached: "models.JSONField[list[str], list[str]]" = models.JSONField(
        default=list, help_text="Addresses that have it already; a further attempt leaves them out."
    )
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    dismissed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["channel", "occurrence"], name="one_message_a_happening")]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="delivery_due", condition=Q(next_attempt_at__isnull=False)),
            models.Index(fields=["workspace", "-created_at"], name="delivery_by_workspace"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.channel_id}"


class DeliveryAttempt(models.Model):
    """One try of a delivery and what came back."""

    workspace_path = "delivery__workspace"

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempts")
    started_at = models.DateTimeField()
    latency_ms = models.FloatField(null=True)
    ok = models.BooleanField()
    status_code = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)
    response_excerpt = models.TextField(blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["started_at", "id"]

    def __str__(self) -> str:
        return f"{'ok' if self.ok else self.error} at {self.started_at:%H:%M:%S}"
