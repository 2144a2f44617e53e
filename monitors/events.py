"""What monitors say upward; each is sent inside the transaction of the change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.dispatch import Signal

from monitors.models import Monitor, StatusChange


class Changed(NamedTuple):
    """One monitor whose status changed; `evidence` has `cause`, `first_failure` and `last_good`, where known."""

    monitor: Monitor
    change: StatusChange
    evidence: Mapping[str, Any]


class Judged(NamedTuple):
    """What a monitor that answers warns of at `at`; by kind `warnings` has key, severity, detail and passed."""

    monitor: Monitor
    warnings: Mapping[str, Mapping[str, Any]]
    evidence: Mapping[str, Any]
    at: datetime


# sender=Monitor, changes: list[Changed] of different monitors, whose states are held, now: datetime
statuses_changed = Signal()
# sender=Monitor, judged: list[Judged] of different monitors, whose states are held, now: datetime
warnings_judged = Signal()
# sender=Monitor, monitor, now: a monitor was made, changed or removed
monitor_created = Signal()
monitor_edited = Signal()
monitor_deleted = Signal()
# sender=Deployment, deployment, monitors: list[Monitor] that it covers, held with their states, now: datetime
deployment_started = Signal()
deployment_ended = Signal()
