"""Reads of heartbeats and their signals."""

from datetime import datetime

from django.db.models import QuerySet

from accounts.models import Workspace
from monitors.allowance import shown_from
from signals.models import Heartbeat, Liveness, Signal

INGEST = "ingest"


def heartbeat_by_token(workspace: Workspace, token: str) -> Heartbeat | None:
    """The heartbeat of this workspace with this ping token, with its monitor; None for any other."""
    found = Heartbeat.objects.in_workspace(workspace).filter(token=token)
    return found.select_related("monitor__workspace").first()


def heartbeat_by_slug(ping_key: str, slug: str) -> Heartbeat | None:
    """The heartbeat with this slug in the workspace with this ping key; None when there is none."""
    return Heartbeat.objects.filter(workspace__ping_key=ping_key, slug=slug).first()


def signal_history(
    heartbeat: Heartbeat,
    *,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    type: str | None = None,
) -> QuerySet[Signal]:
    """Its signals as far back as the plan shows, newest first, with `since` <= created_at < `until`."""
    found: QuerySet[Signal] = Signal.objects.filter(heartbeat=heartbeat).order_by("-created_at", "-id")
    if shown := shown_from([heartbeat.monitor_id], now=now):
        found = found.filter(created_at__gte=shown[heartbeat.monitor_id])
    if since is not None:
        found = found.filter(created_at__gte=since)
    if until is not None:
        found = found.filter(created_at__lt=until)
    return found if type is None else found.filter(type=type)


def ingest_liveness() -> Liveness | None:
    """When our own ingest was last alive; None when it never was."""
    return Liveness.objects.filter(name=INGEST).first()
