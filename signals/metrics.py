"""What is counted about pings, and how far the overdue sweep is behind."""

from collections.abc import Iterable

from django.db.models import Min

from common import clock
from common.metrics import Family, Sample, asked_gauges, families
from signals.models import HeartbeatState


def sweep_lag() -> Iterable[Sample]:
    """How long the heartbeat that is longest overdue has waited for the sweep."""
    now = clock.now()
    oldest = HeartbeatState.objects.filter(attention_at__lt=now).aggregate(at=Min("attention_at"))["at"]
    yield Sample("sweep_lag_seconds", {}, (now - oldest).total_seconds() if oldest else 0.0)


def register() -> None:
    """Makes them known; called once, when the app is ready."""
    families.register("pings_total", Family("counter", "Pings stored; a repeat within a second is none."))
    families.register("sweep_lag_seconds", Family("gauge", "How far the sweep of overdue heartbeats is behind."))
    asked_gauges.register("sweep", sweep_lag)
