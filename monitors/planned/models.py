"""Planned work: deployments and maintenance windows, and what each covers."""

from typing import Any

from django.db import models
from django.db.models import Q

from accounts.models import WorkspaceOwned
from common.scoping import ScopedManager
from monitors.planned.windows import Plan


class DeploymentState(models.TextChoices):
    """Where a deployment is in its life."""

    SCHEDULED = "SCHEDULED", "Scheduled"
    ACTIVE = "ACTIVE", "Active"
    ENDED = "ENDED", "Ended"


class Deployment(WorkspaceOwned):
    """A release on its way; while it is active nothing opens about what it covers."""

    name = models.CharField(max_length=120)
    release = models.CharField(max_length=120, blank=True, help_text="The API's `version`: what is deployed.")
    author = models.CharField(max_length=120, blank=True)
    link = models.CharField(max_length=2048, blank=True)
    state = models.CharField(max_length=9, choices=DeploymentState.choices, default=DeploymentState.SCHEDULED)
    scheduled_start_at = models.DateTimeField(null=True, blank=True)
    scheduled_end_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    auto_pause = models.BooleanField(default=False)
    monitors: "models.ManyToManyField[Any, Any]" = models.ManyToManyField(
        "monitors.Monitor", blank=True, related_name="named_by_deployments"
    )
    service_group = models.ForeignKey(
        "monitors.ServiceGroup", models.SET_NULL, null=True, blank=True, related_name="deployments"
    )
    version = models.PositiveIntegerField(default=1, help_text="Counts the edits.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="deployment_by_workspace"),
            models.Index(
                fields=["state", "scheduled_start_at"], name="deployment_not_over", condition=~Q(state="ENDED")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.release}".strip()


class CoveredMonitor(models.Model):
    """A monitor that a deployment covers, fixed when it starts: a group that changes meanwhile changes nothing."""

    workspace_path = "deployment__workspace"

    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="covered")
    monitor = models.ForeignKey("monitors.Monitor", models.CASCADE, related_name="covered_by")
    is_auto_paused = models.BooleanField(
        default=False, help_text="Paused for a deployment, to be resumed when the last one ends."
    )

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deployment", "monitor"], name="covered_once")]

    def __str__(self) -> str:
        return f"{self.monitor_id} by {self.deployment_id}"


class MaintenanceWindow(WorkspaceOwned):
    """Time set aside for work, once or again and again; it leaves the availability of what it covers."""

    name = models.CharField(max_length=120)
    description = models.CharField(max_length=1000, blank=True)
    starts_at = models.DateTimeField(help_text="Start of the first opening.")
    ends_at = models.DateTimeField(help_text="End of the first opening.")
    rrule = models.CharField(max_length=300, blank=True, help_text="RFC 5545; empty for once.")
    timezone = models.CharField(max_length=64, default="UTC")
    suppress_alerts = models.BooleanField(default=True)
    suppress_incidents = models.BooleanField(default=False)
    show_on_status_page = models.BooleanField(default=True)
    monitors: "models.ManyToManyField[Any, Any]" = models.ManyToManyField(
        "monitors.Monitor", blank=True, related_name="windows"
    )
    service_group = models.ForeignKey(
        "monitors.ServiceGroup", models.SET_NULL, null=True, blank=True, related_name="windows"
    )
    version = models.PositiveIntegerField(default=1, help_text="Counts the edits.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "starts_at"], name="window_by_workspace")]

    def __str__(self) -> str:
        return self.name

    @property
    def plan(self) -> Plan:
        """When it is open, as the rules take it."""
        return Plan(self.starts_at, self.ends_at, self.rrule, self.timezone)
