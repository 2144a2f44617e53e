"""What signals say upward; each is sent inside the transaction of the change."""

from django.dispatch import Signal

# sender=Heartbeat, heartbeat, signals: list[Signal] (rows just stored or settled), now: datetime
signals_stored = Signal()
# sender=Dependency, dependency, monitor: Monitor, is_down, at, reason, now: a check's word on what it needs has changed
dependency_judged = Signal()
