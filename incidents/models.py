"""Incidents: what went wrong with a monitor, who knew, and what people wrote."""

from typing import Any

from django.db import models
from django.db.models import Q

from accounts.models import User, WorkspaceOwned
from common.scoping import ScopedManager
from monitors.models import Monitor


class Kind(models.TextChoices):
    """What is wrong."""

    DOWNTIME = "DOWNTIME", "Downtime"
    SSL = "SSL", "Certificate"
    LATENCY = "LATENCY", "Latency"
    DNS = "DNS", "DNS"
    DEPENDENCY_DOWN = "DEPENDENCY_DOWN", "Dependency down"
    MANUAL = "MANUAL", "Manual"


class State(models.TextChoices):
    """Where an incident is in its life."""

    OPEN = "OPEN", "Open"
    ACKNOWLEDGED = "ACKNOWLEDGED", "Acknowledged"
    RESOLVED = "RESOLVED", "Resolved"


class Severity(models.TextChoices):
    """How bad it is."""

    CRITICAL = "CRITICAL", "Critical"
    MAJOR = "MAJOR", "Major"
    MINOR = "MINOR", "Minor"
    WARNING = "WARNING", "Warning"


class Incident(WorkspaceOwned):
    """A stretch of time in which something was wrong; at most one open of a kind for each monitor and subject."""

    monitor = models.ForeignKey(Monitor, models.CASCADE, null=True, blank=True, related_name="incidents")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    subject = models.CharField(
        max_length=80, blank=True, help_text="Tells incidents of one kind and monitor apart, as dependency:7 does."
    )
    severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.CRITICAL)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    title = models.CharField(max_length=200)
    summary = models.TextField(max_length=10_000, blank=True)
    started_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    cause: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)
    first_failure: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)
    last_good: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["monitor", "kind", "subject"],
                condition=~Q(state="RESOLVED") & ~Q(kind="MANUAL"),
                name="one_open_incident_a_kind",
            )
        ]
        indexes = [models.Index(fields=["workspace", "-started_at"], name="incident_by_workspace")]

    def __str__(self) -> str:
        return self.title


# From the least to the worst.
RANKS = (Severity.WARNING, Severity.MINOR, Severity.MAJOR, Severity.CRITICAL)


class HeldIncident(models.Model):
    """What would be an incident but for planned work; opened when that ends, dropped when its cause is gone first."""

    workspace_path = "monitor__workspace"

    monitor = models.ForeignKey(Monitor, models.CASCADE, related_name="held_incidents")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    title = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    held_by = models.CharField(max_length=300, help_text="The planned work, in words.")
    evidence: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["monitor", "kind"], name="one_held_incident_a_kind")]

    def __str__(self) -> str:
        return self.title


class EventType(models.TextChoices):
    """What a line of the timeline tells."""

    OPENED = "OPENED", "Opened"
    ACKNOWLEDGED = "ACKNOWLEDGED", "Acknowledged"
    RESOLVED = "RESOLVED", "Resolved"
    EDITED = "EDITED", "Edited"
    RAISED = "RAISED", "Severity raised"
    NOTE = "NOTE", "Note"
    DELIVERY = "DELIVERY", "Alert"


class TimelineEvent(models.Model):
    """One line of an incident's timeline. Never edited."""

    workspace_path = "incident__workspace"

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="events")
    type = models.CharField(max_length=12, choices=EventType.choices)
    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    message = models.CharField(max_length=500, blank=True)
    data: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"{self.type}: {self.message}"


class Note(models.Model):
    """What a person wrote on an incident, in Markdown."""

    workspace_path = "incident__workspace"

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="notes")
    author = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    body = models.TextField(max_length=10_000)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.body[:60]
