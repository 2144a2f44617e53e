"""What monitors say upward; each is sent inside the transaction of the change."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.dispatch import Signal

from monitors.models import Deployment, Monitor, StatusChange


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


class Moved(NamedTuple):
    """A deployment that started or ended, and the monitors that it covers, held with their states."""

    deployment: Deployment
    monitors: Sequence[Monitor]


# sender=Monitor, changes: list[Changed] of different monitors, whose states are held, now: datetime
statuses_changed = Signal()
# sender=Monitor, judged: list[Judged] of different monitors, whose states are held, now: datetime
warnings_judged = Signal()
# sender=Monitor, monitor, now: a monitor was made, changed or removed
monitor_created = Signal()
monitor_edited = Signal()
monitor_deleted = Signal()
# sender=Deployment, moved: list[Moved], now: datetime
deployments_started = Signal()
deployments_ended = Signal()
