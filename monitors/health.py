"""The scheduler's line of health: how long the most overdue check has waited for an engine."""

from datetime import timedelta

from django.db.models import Min

from common import clock
from common.health import Line, health_lines
from monitors.models import RegionState

MOST_LAG = timedelta(seconds=30)


def scheduler_lag() -> Line:
    """Well while no check has waited longer than 30 s."""
    now = clock.now()
    oldest = RegionState.objects.filter(claimable_at__lt=now).aggregate(at=Min("claimable_at"))["at"]
    lag = now - oldest if oldest else timedelta()
    return Line(lag <= MOST_LAG, f"{lag.total_seconds():.1f} s behind")


def register() -> None:
    """Adds the line; called once, when the app is ready."""
    health_lines.register("scheduler", scheduler_lag)
