"""Monitors, where they are watched from, their hot state and what was seen."""

from typing import Any

from django.db import models
from django.db.models import Q

from accounts.models import WorkspaceOwned
from common.scoping import ScopedManager
from common.secrets import EncryptedJSONField
from monitors.planned.models import CoveredMonitor, Deployment, DeploymentState, MaintenanceWindow
from monitors.regions.models import AgentToken, OperatorNotice, judge_reference_hosts
from monitors.reports.models import Report, ReportFormat, ReportState
from monitors.results.models import Facts, Finding, LearnedAnswer
from monitors.rollups.models import DailyRollup, HourlyRollup, LateHour, RollupMark

__all__ = [
    "AgentToken",
    "CoveredMonitor",
    "DailyRollup",
    "Deployment",
    "DeploymentState",
    "EngineRun",
    "Evidence",
    "Facts",
    "FailureClass",
    "Finding",
    "HourlyRollup",
    "LateHour",
    "LearnedAnswer",
    "MaintenanceWindow",
    "Monitor",
    "MonitorState",
    "OperatorNotice",
    "Region",
    "RegionState",
    "Report",
    "ReportFormat",
    "ReportState",
    "Result",
    "RollupMark",
    "ServiceGroup",
    "Status",
    "StatusChange",
]


class Status(models.TextChoices):
    """What a monitor is in (lifecycle: states)."""

    NEW = "NEW", "New"
    OK = "OK", "OK"
    LATE = "LATE", "Late"
    DEGRADED = "DEGRADED", "Degraded"
    DOWN = "DOWN", "Down"
    UNKNOWN = "UNKNOWN", "Unknown"
    PAUSED = "PAUSED", "Paused"
    RESUMED = "RESUMED", "Resumed"


class FailureClass(models.TextChoices):
    """Why a check failed."""

    DNS = "dns", "Name not resolved"
    REFUSED = "refused", "Connection refused"
    TIMEOUT = "timeout", "Timed out"
    RESET = "reset", "Connection reset"
    UNREACHABLE = "unreachable", "Host unreachable"
    TLS = "tls", "TLS failed"
    HTTP_STATUS = "http_status", "Unexpected status code"
    ASSERTION = "assertion", "Assertion failed"
    TOO_LARGE = "too_large", "Answer too large"
    BLOCKED = "blocked", "Address not allowed"


class Region(models.Model):
    """A place that probes."""

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2")
    is_enabled = models.BooleanField(default=True)
    reference_hosts = models.CharField(
        max_length=500,
        blank=True,
        validators=[judge_reference_hosts],
        help_text="`host:port` with commas, up whenever this region's own network is; empty: PROBE_REFERENCE_HOSTS.",
    )
    last_seen_at = models.DateTimeField("last heard", null=True, blank=True)
    silent_since = models.DateTimeField(
        null=True, blank=True, help_text="When its last engine was heard; null while one is."
    )

    def __str__(self) -> str:
        return self.name


class ServiceGroup(WorkspaceOwned):
    """Monitors that make up one service."""

    name = models.CharField(max_length=120)
    description = models.CharField(max_length=1000, blank=True)
    version = models.PositiveIntegerField(default=1, help_text="Counts the edits.")

    def __str__(self) -> str:
        return self.name


class Monitor(WorkspaceOwned):
    """What is watched, and how; its configuration only."""

    name = models.CharField(max_length=120)
    type = models.CharField(max_length=16)
    description = models.CharField(max_length=1000, blank=True)
    target = models.CharField(max_length=2048, blank=True, help_text="URL or host, as people read it")
    settings = EncryptedJSONField(default=dict)
    interval_seconds = models.PositiveIntegerField(default=60)
    timeout_ms = models.PositiveIntegerField(default=8000)
    is_paused = models.BooleanField(default=False)
    tags: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    service_group = models.ForeignKey(ServiceGroup, models.SET_NULL, null=True, blank=True, related_name="monitors")
    quorum = models.PositiveSmallIntegerField(null=True, blank=True)
    fail_after_consecutive = models.PositiveSmallIntegerField(default=2)
    resolve_after_consecutive_success = models.PositiveSmallIntegerField(default=1)
    latency_threshold_ms = models.PositiveIntegerField(null=True, blank=True)
    ssl_expiry_days: "models.JSONField[list[int], list[int]]" = models.JSONField(default=list)
    depends_on: "models.ManyToManyField[Monitor, Any]" = models.ManyToManyField(
        "self", symmetrical=False, blank=True, related_name="dependents"
    )
    external_key = models.CharField(max_length=200, null=True, blank=True)
    version = models.PositiveIntegerField(default=1, help_text="Counts the edits; engines and ETags compare it.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "external_key"], name="external_key_once_a_workspace")
        ]
        indexes = [models.Index(fields=["workspace", "name"], name="monitor_by_name")]

    def __str__(self) -> str:
        return self.name


class MonitorState(models.Model):
    """What a monitor is in now; changes only at a transition."""

    workspace_path = "monitor__workspace"

    monitor = models.OneToOneField(Monitor, models.CASCADE, primary_key=True, related_name="state")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.NEW)
    status_since = models.DateTimeField()

    objects = ScopedManager()

    def __str__(self) -> str:
        return f"{self.monitor_id}: {self.status}"


class RegionState(models.Model):
    """One monitor in one region: when it is next checked and what its last checks said. Hot and narrow.

    `claimable_at` is when an engine may take it: the next slot when free, the lease's end while a check runs,
    null while paused. `claimed_by` is the run of the engine at work on it, null when free. `last_scheduled_at` only
    grows, so a result counts once. `fresh_until` is how long its word holds: 2.5 intervals from the last result.
    """

    workspace_path = "monitor__workspace"

    # Every check moves the row twice, and each index with it: only those that are read.
    monitor = models.ForeignKey(Monitor, models.CASCADE, related_name="region_states", db_index=False)
    region = models.ForeignKey(Region, models.CASCADE, related_name="+", db_index=False)
    next_check_at = models.DateTimeField()
    claimable_at = models.DateTimeField(null=True)
    claimed_by = models.BigIntegerField(null=True)
    last_scheduled_at = models.DateTimeField(null=True)
    last_checked_at = models.DateTimeField(null=True)
    fresh_until = models.DateTimeField(null=True)
    is_down = models.BooleanField(null=True, help_text="This region's word; null before its first result.")
    consecutive_failures = models.PositiveIntegerField(default=0)
    consecutive_successes = models.PositiveIntegerField(default=0)
    consecutive_slow = models.PositiveIntegerField(default=0)
    last_failure_class = models.CharField(max_length=12, choices=FailureClass.choices, blank=True)
    last_status_code = models.PositiveSmallIntegerField(null=True)
    last_latency_ms = models.FloatField(null=True)
    certificate_expires_at = models.DateTimeField(null=True)
    good_evidence_at = models.DateTimeField(null=True)
    skipped_slots = models.PositiveBigIntegerField(default=0)
    facts_mark = models.BigIntegerField(null=True, help_text="Another number when what was learned is something else.")
    findings_mark = models.BigIntegerField(null=True, help_text="The same of its warnings; null without any.")

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["monitor", "region"], name="one_state_a_region")]
        indexes = [
            models.Index(fields=["region", "claimable_at"], name="claimable", condition=Q(claimable_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.monitor_id} in {self.region_id}"


class EngineRun(models.Model):
    """One run of an engine, alive while it says so; what a dead one had claimed is free again."""

    region = models.ForeignKey(Region, models.CASCADE, related_name="+")
    alive_at = models.DateTimeField(help_text="By the database's clock: machines differ.")
    is_remote = models.BooleanField(
        default=False, help_text="An agent's: it is heard over the internet, so wait longer."
    )

    def __str__(self) -> str:
        return f"{self.pk} in {self.region_id}"


class Result(models.Model):
    """One check's outcome. Lean: written by the thousand, never edited. Phases are durations in milliseconds.

    On PostgreSQL the table lies in partitions, one a day (`common/partitions.py`). No constraint on the foreign keys:
    who stores results holds the monitor's region states, and so does who deletes it.
    """

    workspace_path = "monitor__workspace"

    monitor = models.ForeignKey(Monitor, models.CASCADE, related_name="results", db_index=False, db_constraint=False)
    region = models.ForeignKey(Region, models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    scheduled_at = models.DateTimeField()
    lag_ms = models.FloatField()
    loop_lag_ms = models.FloatField()
    ok = models.BooleanField()
    failure_class = models.CharField(max_length=12, choices=FailureClass.choices, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    status_code = models.PositiveSmallIntegerField(null=True)
    address = models.CharField(max_length=45, blank=True)
    latency_ms = models.FloatField(null=True)
    dns_ms = models.FloatField(null=True)
    connect_ms = models.FloatField(null=True)
    tls_ms = models.FloatField(null=True)
    first_byte_ms = models.FloatField(null=True)
    transfer_ms = models.FloatField(null=True)
    certificate_expires_at = models.DateTimeField(null=True)
    certificate_fingerprint = models.CharField(max_length=64, blank=True)

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["monitor", "scheduled_at", "region"], name="result_counts_once")]
        indexes = [models.Index(fields=["scheduled_at"], name="result_by_time")]

    def __str__(self) -> str:
        return f"{self.monitor_id} at {self.scheduled_at:%Y-%m-%d %H:%M:%S}"


class Evidence(models.Model):
    """What the last good check and the first failed one of a region saw: headers, a piece of the body, outcomes."""

    workspace_path = "monitor__workspace"

    monitor = models.ForeignKey(Monitor, models.CASCADE, related_name="evidence")
    region = models.ForeignKey(Region, models.CASCADE, related_name="+")
    is_good = models.BooleanField()
    observed_at = models.DateTimeField()
    data = models.JSONField(default=dict)

    objects = ScopedManager()

    class Meta:
        verbose_name_plural = "evidence"
        constraints = [models.UniqueConstraint(fields=["monitor", "region", "is_good"], name="one_evidence_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.monitor_id} {'good' if self.is_good else 'failed'}"


class StatusChange(models.Model):
    """One change of status; availability is computed from these, never from counts."""

    workspace_path = "monitor__workspace"

    monitor = models.ForeignKey(Monitor, models.CASCADE, related_name="status_changes", db_index=False)
    at = models.DateTimeField()
    before = models.CharField(max_length=8, choices=Status.choices)
    after = models.CharField(max_length=8, choices=Status.choices)
    reason = models.CharField(max_length=300, blank=True)

    objects = ScopedManager()

    class Meta:
        indexes = [models.Index(fields=["monitor", "at"], name="change_by_monitor")]

    def __str__(self) -> str:
        return f"{self.monitor_id}: {self.before} → {self.after}"
