"""What signals say upward; each is sent inside the transaction of the change."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django import dispatch

from monitors.models import Monitor
from signals.models import Dependency, Heartbeat, Signal


class Stored(NamedTuple):
    """Signals of one heartbeat, just stored or settled."""

    heartbeat: Heartbeat
    signals: Sequence[Signal]


class DependencyJudged(NamedTuple):
    """What a check says of something that it needs has changed, at `at`, for `reason`."""

    dependency: Dependency
    monitor: Monitor
    is_down: bool
    at: datetime
    reason: str


# sender=Heartbeat, stored: list[Stored] of different heartbeats, now: datetime
signals_stored = dispatch.Signal()
# sender=Dependency, judged: list[DependencyJudged] of different pairs of dependency and monitor, now: datetime
dependencies_judged = dispatch.Signal()
