"""Heartbeats: what is expected, the hot state of each, every signal that came, and what the jobs depend on."""

import secrets
from typing import Any

from django.db import models
from django.db.models import Q

from accounts.models import ApiToken, User, Workspace, WorkspaceOwned
from common.scoping import ScopedManager
from monitors.models import Monitor


def new_ping_token() -> str:
    """22 URL-safe characters, 128 bits."""
    return secrets.token_urlsafe(16)


class Heartbeat(models.Model):
    """When a monitor of type heartbeat expects its pings; its configuration only.

    `workspace` is its monitor's, said once more: within it a slug names one heartbeat.
    """

    monitor = models.OneToOneField(Monitor, models.CASCADE, primary_key=True, related_name="heartbeat")
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    token = models.CharField(max_length=64, unique=True, default=new_ping_token)
    slug = models.SlugField(max_length=120, blank=True)
    schedule: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    grace_seconds = models.PositiveIntegerField(default=60)
    methods: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    failure_tolerance = models.PositiveSmallIntegerField(default=0)
    max_runtime_seconds = models.PositiveIntegerField(null=True, blank=True)
    filters: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)

    objects = ScopedManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "slug"], condition=~Q(slug=""), name="one_heartbeat_a_slug")
        ]

    def __str__(self) -> str:
        return f"{self.monitor_id}: {self.token[:4]}…"


class HeartbeatState(models.Model):
    """What a heartbeat is in now. Hot and narrow: a steady ping changes this one row.

    `attention_at` is when the slow path must look at the row: the next deadline, or the time of the oldest signal
    that it has not settled. Every signal with an id up to `settled_signal_id` has had its effect on the status.
    """

    workspace_path = "heartbeat__monitor__workspace"

    heartbeat = models.OneToOneField(Heartbeat, models.CASCADE, primary_key=True, related_name="state")
    interval_seconds = models.PositiveIntegerField(null=True, help_text="Copy for the ping path; null for calendars.")
    is_steady = models.BooleanField(default=False, help_text="OK and watched: a ping only moves the deadline on.")
    last_ping_at = models.DateTimeField(null=True)
    last_ping_digest = models.BigIntegerField(null=True, help_text="Tells a repeated ping from a new one.")
    last_started_at = models.DateTimeField(null=True)
    open_runs: "models.JSONField[list[Any], list[Any]]" = models.JSONField(
        default=list, help_text="Starts without an end: [rid or null, epoch seconds, whether it ran too long]."
    )
    last_duration_ms = models.PositiveBigIntegerField(null=True)
    next_due_at = models.DateTimeField(null=True)
    attention_at = models.DateTimeField(null=True)
    settled_signal_id = models.PositiveBigIntegerField(default=0)
    consecutive_failures = models.PositiveIntegerField(default=0)

    objects = ScopedManager()

    class Meta:
        indexes = [models.Index(fields=["attention_at"], name="attention", condition=Q(attention_at__isnull=False))]

    def __str__(self) -> str:
        return str(self.heartbeat_id)


class SignalType(models.TextChoices):
    """How a signal came to be."""

    SUCCESS = "SUCCESS", "Success"
    START = "START", "Start"
    LOG = "LOG", "Log"
    FAIL = "FAIL", "Fail"
    SUSPECT = "SUSPECT", "Suspect"
    DEPLOYMENT = "DEPLOYMENT", "Deployment"


class Signal(models.Model):
    """One ping, or one word of the platform about a heartbeat. Settling completes it once, then it is never edited.

    On PostgreSQL the table lies in partitions, one a day (`common/partitions.py`): ask for a stretch of `created_at`
    where you know it. No constraint on the foreign key: who stores signals holds the heartbeat's state, and so does
    who deletes it.
    """

    workspace_path = "heartbeat__monitor__workspace"

    heartbeat = models.ForeignKey(
        Heartbeat, models.CASCADE, related_name="signals", db_index=False, db_constraint=False
    )
    type = models.CharField(max_length=10, choices=SignalType.choices)
    created_at = models.DateTimeField()
    source_ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=200, blank=True)
    method = models.CharField(max_length=8, blank=True)
    payload = models.TextField(blank=True)
    payload_is_json = models.BooleanField(default=False)
    duration_ms = models.PositiveBigIntegerField(null=True)
    exit_status = models.SmallIntegerField(null=True)
    rid = models.UUIDField(null=True)
    metadata: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)

    objects = ScopedManager()

    class Meta:
        indexes = [models.Index(fields=["heartbeat", "-created_at", "-id"], name="signal_by_heartbeat")]

    def __str__(self) -> str:
        return f"{self.type} at {self.created_at:%Y-%m-%d %H:%M:%S}"


class Liveness(models.Model):
    """When our own ingest was last alive, and a spell of blindness that the sweep has not accounted for yet."""

    name = models.CharField(max_length=40, primary_key=True)
    alive_at = models.DateTimeField()
    blind_since = models.DateTimeField(null=True)
    blind_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "liveness"

    def __str__(self) -> str:
        return f"{self.name} at {self.alive_at:%Y-%m-%d %H:%M:%S}"


class DependencyStatus(models.TextChoices):
    """What is known of a dependency."""

    UNKNOWN = "UNKNOWN", "Unknown"
    OK = "OK", "OK"
    DOWN = "DOWN", "Down"


class Dependency(WorkspaceOwned):
    """Something that monitors need: a database, a queue, somebody's API.

    Its status is what it is pinned to, else what its own monitor says, else the worst of the last reports.
    """

    name = models.CharField(max_length=120)
    description = models.CharField(max_length=1000, blank=True)
    monitor = models.ForeignKey(Monitor, models.SET_NULL, null=True, blank=True, related_name="watched_dependencies")
    pinned_status = models.CharField(max_length=7, choices=DependencyStatus.choices, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "dependencies"
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="one_dependency_a_name")]

    def __str__(self) -> str:
        return self.name


class DependencyLink(models.Model):
    """A monitor that needs a dependency, and what its last ping said of it."""

    workspace_path = "dependency__workspace"

    dependency = models.ForeignKey(Dependency, models.CASCADE, related_name="links")
    monitor = models.ForeignKey(Monitor, models.CASCADE, related_name="dependency_links")
    reported_status = models.CharField(max_length=7, choices=DependencyStatus.choices, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dependency", "monitor"], name="one_link_a_monitor")]

    def __str__(self) -> str:
        return f"{self.monitor_id} needs {self.dependency_id}"


class StreamTicket(WorkspaceOwned):
    """Opens the live stream once, where a client can send no header. Only its SHA-256 is kept, and that for a minute.

    It is worth what opened it: the stream ends with that token or that session.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    token = models.ForeignKey(ApiToken, models.CASCADE, null=True, related_name="+")
    session_key = models.CharField(max_length=40, blank=True, editable=False)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"for {self.user_id} until {self.expires_at:%H:%M:%S}"
