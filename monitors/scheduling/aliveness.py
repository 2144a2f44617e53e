"""Which engines are alive: each says so every second, and whoever hears no more of one frees what it had claimed.

Without this a restarted engine would wait for the leases of its killed predecessor. Times are the database's own,
for the clocks of two machines may differ by more than an engine may be silent.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from monitors.models import EngineRun
from monitors.scheduling.claiming import free_claims

log = logging.getLogger(__name__)

SAY_EVERY_SECONDS = 1.0
DEAD_AFTER = timedelta(seconds=3)
# An agent is heard over the internet, which may be away for a moment; its leases end by themselves meanwhile.
REMOTE_DEAD_AFTER = timedelta(seconds=30)


def begin_run(region_id: int, *, is_remote: bool = False) -> int:
    """Registers an engine that starts, `is_remote` for an agent's; returns the id of its run."""
    return EngineRun.objects.create(region_id=region_id, alive_at=Now(), is_remote=is_remote).pk


@transaction.atomic
def say_alive(run_id: int, region_id: int, *, now: datetime) -> bool:
    """Notes that the run is alive and buries those of its region that are not; False when it was itself given up."""
    if not EngineRun.objects.filter(pk=run_id).update(alive_at=Now()):
        return False
    near = Q(is_remote=False, alive_at__lt=Now() - DEAD_AFTER)
    silent = EngineRun.objects.filter(near | Q(alive_at__lt=Now() - REMOTE_DEAD_AFTER), region_id=region_id)
    dead = list(silent.select_for_update(skip_locked=True).values_list("pk", flat=True))
    if dead:
        _end_runs(dead, now)
        log.warning("Engine runs %s are silent; their checks go on here", dead)
    return True


@transaction.atomic
def end_run(run_id: int, *, now: datetime) -> None:
    """Frees what the run had claimed, and forgets it."""
    _end_runs([run_id], now)


def _end_runs(run_ids: Sequence[int], now: datetime) -> None:
    free_claims(run_ids, now=now)
    EngineRun.objects.filter(pk__in=run_ids).delete()
