"""What signals say upward; each is sent inside the transaction of the change."""

from collections.abc import Sequence
from typing import NamedTuple

from django import dispatch

from signals.models import Heartbeat, Signal


class Stored(NamedTuple):
    """Signals of one heartbeat, just stored or settled."""

    heartbeat: Heartbeat
    signals: Sequence[Signal]


# sender=Heartbeat, stored: list[Stored] of different heartbeats, now: datetime
signals_stored = dispatch.Signal()
# sender=Dependency, dependency, monitor: Monitor, is_down, at, reason, now: a check's word on what it needs has changed
dependency_judged = dispatch.Signal()
