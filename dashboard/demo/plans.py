"""What the demo's monitors need, and the work that was planned over them."""

from datetime import datetime, timedelta

from accounts.actor import SYSTEM
from accounts.models import Workspace
from monitors.models import Deployment, DeploymentState, Monitor
from monitors.planned.maintaining import create_window
from signals.dependencies import create_dependency
from signals.models import Dependency

NEEDS = (
    ("Payments API", "What the checkout calls; watched by its own monitor.", "checkout", ("invoices", "shop")),
    ("Orders database", "PostgreSQL, primary", None, ("backup", "import")),
    ("Legacy FTP server", "Known to be gone; pinned, so that nobody is told.", None, ("import",)),
)


def plan(workspace: Workspace, *, now: datetime) -> None:
    """Made once; a second start finds them."""
    if Dependency.objects.in_workspace(workspace).exists():
        return
    found = Monitor.objects.in_workspace(workspace).filter(external_key__startswith="demo-")
    monitors = {(one.external_key or "").removeprefix("demo-"): one for one in found}
    for name, description, watcher, dependents in NEEDS:
        fields = {
            "name": name,
            "description": description,
            "monitor_id": monitors[watcher].pk if watcher else None,
            "pinned_status": "OK" if "pinned" in description else None,
            "dependent_ids": [monitors[key].pk for key in dependents],
        }
        create_dependency(workspace=workspace, by=SYSTEM, now=now, fields=fields)
    _planned(workspace, monitors, now)


def _planned(workspace: Workspace, monitors: dict[str, Monitor], now: datetime) -> None:
    """A deployment that is over, as a row since none was begun, and a window each week."""
    deployment = Deployment.objects.create(
        workspace=workspace,
        name="Shop",
        release="1.4.2",
        author="Ada",
        state=DeploymentState.ENDED,
        started_at=now - timedelta(days=3, minutes=9),
        ended_at=now - timedelta(days=3),
    )
    for key in ("shop", "search", "checkout", "backup"):
        deployment.monitors.add(monitors[key])
        deployment.covered.create(monitor=monitors[key])
    starts_at = now - timedelta(days=8)
    fields = {
        "name": "Database upkeep",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=30),
        "rrule": "FREQ=WEEKLY",
        "monitor_ids": [monitors[key].pk for key in ("shop", "checkout", "import")],
    }
    create_window(workspace=workspace, by=SYSTEM, now=starts_at, fields=fields)
