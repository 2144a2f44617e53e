"""Monthly reports: when a workspace's are sent, of what and to whom, and each one that was made."""

from typing import Any

from django.db import models
from django.db.models import Q

from accounts.models import User, WorkspaceOwned
from monitors.models import Monitor, ServiceGroup


class ReportCovers(models.TextChoices):
    """Which monitors a report is about."""

    ALL = "all", "All monitors"
    SERVICE_GROUP = "service_group", "A service group"
    MONITORS = "monitors", "Chosen monitors"


class ReportSchedule(WorkspaceOwned):
    """On the first of each month, about the month before, on the clock of `timezone`. Without a channel the
    workspace's owners get it by email.
    """

    name = models.CharField(max_length=120)
    covers = models.CharField(max_length=16, choices=ReportCovers.choices, default=ReportCovers.ALL)
    service_group = models.ForeignKey(ServiceGroup, models.SET_NULL, null=True, blank=True, related_name="+")
    monitors: "models.ManyToManyField[Monitor, Any]" = models.ManyToManyField(
        Monitor, blank=True, related_name="report_schedules"
    )
    # No road that removes a channel may take a schedule along in silence.
    channel = models.ForeignKey(
        "alerts.Channel", models.RESTRICT, null=True, blank=True, related_name="report_schedules"
    )
    timezone = models.CharField(max_length=64, default="UTC")
    is_enabled = models.BooleanField(default=True)
    next_due_at = models.DateTimeField(null=True, editable=False, help_text="Null while it is off.")
    version = models.PositiveIntegerField(default=1, help_text="Counts the edits.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_due_at"], name="report_schedule_due", condition=Q(next_due_at__isnull=False))
        ]

    def __str__(self) -> str:
        return self.name


class ReportPurpose(models.TextChoices):
    """Why a report was made."""

    SCHEDULED = "scheduled", "By schedule"
    BY_HAND = "by_hand", "Sent by hand"
    PREVIEW = "preview", "Preview"


class MonthlyReportState(models.TextChoices):
    """Where a monthly report is in its life; what became of sending it says its delivery."""

    WAITING = "WAITING", "Being made"
    DONE = "DONE", "Made"
    SKIPPED = "SKIPPED", "Not sent"
    FAILED = "FAILED", "Failed"


class MonthlyReport(WorkspaceOwned):
    """One month of one schedule. A worker claims it for a while; a claim that runs out is taken again."""

    schedule = models.ForeignKey(ReportSchedule, models.CASCADE, related_name="reports")
    month = models.DateField(help_text="Its first day.")
    timezone = models.CharField(max_length=64)
    purpose = models.CharField(max_length=9, choices=ReportPurpose.choices)
    state = models.CharField(max_length=7, choices=MonthlyReportState.choices, default=MonthlyReportState.WAITING)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    content: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    pdf = models.BinaryField(default=bytes)
    delivery = models.OneToOneField(
        "alerts.Delivery", models.SET_NULL, null=True, blank=True, related_name="monthly_report"
    )
    requested_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "month"], condition=Q(purpose=ReportPurpose.SCHEDULED), name="one_report_a_month"
            )
        ]
        indexes = [models.Index(fields=["id"], name="monthly_report_to_make", condition=Q(state="WAITING"))]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} of {self.schedule_id}"
