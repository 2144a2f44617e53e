"""What monitors say upward; each is sent inside the transaction of the change."""

from django.dispatch import Signal

# sender=Monitor, monitor, change: StatusChange, result: Result | None, evidence: dict[str, Any], now: datetime
status_changed = Signal()
# sender=Monitor, monitor, warnings: {kind: {key, severity, detail}} of a monitor that answers, evidence, at, now
warnings_judged = Signal()
# sender=Monitor, monitor, now: a monitor was made, changed or removed
monitor_created = Signal()
monitor_edited = Signal()
monitor_deleted = Signal()
# sender=Deployment, deployment, monitors: list[Monitor] that it covers, held with their states, now: datetime
deployment_started = Signal()
deployment_ended = Signal()
