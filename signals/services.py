"""Writes of signals: settling what pings left waiting, being alive, making a heartbeat by its first ping."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from accounts.actor import SYSTEM
from accounts.models import Workspace
from billing.limits import PlanLimit
from common.invalid import Invalid
from monitors.services import create_monitor
from signals.models import Heartbeat, Liveness
from signals.selectors import INGEST, heartbeat_by_slug
from signals.settling import AT_ONCE, advance

BLIND_AFTER = timedelta(seconds=10)
FIRST_INTERVAL_SECONDS = 24 * 3600


def settle(heartbeat_ids: Iterable[int], *, now: datetime) -> int:
    """Gives every stored signal of these heartbeats its effect, in order; returns how many heartbeats it looked at.

    Safe to repeat and to race: a signal has its effect once. One transaction per small batch, locks in order of id.
    """
    ids = sorted(set(heartbeat_ids))
    return sum(advance(ids[first : first + AT_ONCE], now=now) for first in range(0, len(ids), AT_ONCE))


def note_alive(*, now: datetime) -> None:
    """Writes that our ingest can store pings now. A gap of more than 10 s is kept for the sweep to account for."""
    gap = Liveness.objects.filter(name=INGEST, alive_at__lt=now - BLIND_AFTER)
    with transaction.atomic():
        found = gap.select_for_update().first()
        if found is not None:
            found.blind_since, found.blind_until = found.blind_since or found.alive_at, now
            found.alive_at = now
            found.save()
            return
        if not Liveness.objects.filter(name=INGEST, alive_at__lt=now).update(alive_at=now):
            Liveness.objects.get_or_create(name=INGEST, defaults={"alive_at": now})


@transaction.atomic
def heartbeat_for_slug(*, ping_key: str, slug: str, now: datetime) -> Heartbeat | None:
    """The heartbeat with this slug, made if there is none: daily, to be edited.

    None when no workspace has the key, or its plan no room. Raises Invalid for a slug that none can have.
    """
    workspace = Workspace.objects.filter(ping_key=ping_key).first()
    found = heartbeat_by_slug(ping_key, slug)
    if workspace is None or found is not None:
        return found
    schedule = {"kind": "interval", "interval_seconds": FIRST_INTERVAL_SECONDS}
    fields = {"name": slug, "type": "heartbeat", "settings": {"schedule": schedule, "slug": slug}}
    try:
        return create_monitor(workspace=workspace, by=SYSTEM, now=now, fields=fields).heartbeat
    except PlanLimit:
        return None
    except Invalid:
        # Another first ping, or a person, may have taken the slug at this moment.
        found = heartbeat_by_slug(ping_key, slug)
        if found is None:
            raise
        return found
