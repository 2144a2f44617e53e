"""Reports that were asked for, and the files that they became."""

from django.db import models
from django.db.models import Q

from accounts.models import User, WorkspaceOwned


class ReportFormat(models.TextChoices):
    """What a report is written as."""

    JSON = "json", "JSON"
    HTML = "html", "HTML"
    PDF = "pdf", "PDF"
    CSV = "csv", "CSV"


class ReportState(models.TextChoices):
    """Where a report is in its life."""

    WAITING = "WAITING", "Being made"
    DONE = "DONE", "Ready"
    FAILED = "FAILED", "Failed"


class Report(WorkspaceOwned):
    """One file about one monitor. A worker claims it for a while; a claim that runs out is taken again."""

    monitor = models.ForeignKey("monitors.Monitor", models.CASCADE, related_name="reports")
    format = models.CharField(max_length=4, choices=ReportFormat.choices)
    since = models.DateTimeField()
    until = models.DateTimeField()
    state = models.CharField(max_length=7, choices=ReportState.choices, default=ReportState.WAITING)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    content = models.BinaryField(default=bytes)
    requested_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["id"], name="report_to_make", condition=Q(state="WAITING"))]

    def __str__(self) -> str:
        return f"{self.format} of {self.monitor_id}, {self.since:%Y-%m-%d} to {self.until:%Y-%m-%d}"
