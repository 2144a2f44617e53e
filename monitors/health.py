"""Lines of health: how long the most overdue check has waited for an engine, and which regions are silent."""

from datetime import timedelta

from django.db.models import Min

from common import clock
from common.health import Line, health_lines
from monitors.models import RegionState
from monitors.regions.silence import silent_regions

MOST_LAG = timedelta(seconds=30)


def scheduler_lag() -> Line:
    """Well while no check has waited longer than 30 s."""
    now = clock.now()
    oldest = RegionState.objects.filter(claimable_at__lt=now).aggregate(at=Min("claimable_at"))["at"]
    lag = now - oldest if oldest else timedelta()
    return Line(lag <= MOST_LAG, f"{lag.total_seconds():.1f} s behind")


def regions() -> Line:
    """Says which regions are silent. Well all the same: a web process serves without them."""
    silent = ", ".join(region.key for region in silent_regions())
    return Line(True, f"silent: {silent}" if silent else "all heard")


def register() -> None:
    """Adds the lines; called once, when the app is ready."""
    health_lines.register("regions", regions)
    health_lines.register("scheduler", scheduler_lag)
