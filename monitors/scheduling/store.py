"""The engine's side of the database: claims what is due in one region, records what was found."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence

from celery import current_app
from django.db import DataError, IntegrityError, close_old_connections, connection
from kombu.exceptions import OperationalError

from common import clock
from common.metrics import flush, flush_sometimes
from monitors.metrics import count_results
from monitors.models import Region
from monitors.probes.base import Claim, Result
from monitors.results.recording import record
from monitors.scheduling.aliveness import SAY_EVERY_SECONDS, begin_run, end_run, say_alive
from monitors.scheduling.claiming import claim_due
from monitors.scheduling.queues import probe_queue
from monitors.scheduling.reference import OwnNetwork
from monitors.watched import WatchedCache

log = logging.getLogger(__name__)
SEEN_EVERY_SECONDS = 5.0
PASS_ON_EVERY_SECONDS = 0.2
# Failures may be changes of status, each with its incident and alerts: so many are stored in a transaction of their own
# that no lock is held for long.
MANY_FAILURES, AT_ONCE = 50, 100
_UNSTORABLE = (DataError, IntegrityError, ValueError, TypeError, OverflowError, RecursionError)


class DatabaseStore:
    """`monitors.probes.base.Store` on Django's database; lives in the engine's database thread."""

    def __init__(self, region_key: str, own_network: OwnNetwork) -> None:
        self._region_key = region_key
        self._own_network = own_network
        self._region_id: int | None = None
        self._run_id: int | None = None
        self._cache = WatchedCache()
        self._seen = self._said = self._passed_on = float("-inf")

    def claim(self, *, now: float, until: float, limit: int) -> Claim:
        close_old_connections()
        region_id = self._region()
        if region_id is None:
            return Claim([], more=False)
        run_id = self._say_alive(region_id)
        return claim_due(region_id=region_id, run_id=run_id, cache=self._cache, now=now, until=until, limit=limit)

    def record(self, results: Sequence[Result]) -> None:
        """Stores results; one that cannot be stored is dropped and said, for it must not hold back the others.

        Each transaction is complete, and what was stored before another failed is not counted again.
        """
        close_old_connections()
        store_all(self._own_network.believable(results), self._region_key, self._stay_alive)

    def pass_on(self) -> None:
        """Sends the tick on to another worker of the region, now and then: this one may be the only one."""
        self._stay_alive()
        if time.monotonic() - self._passed_on > PASS_ON_EVERY_SECONDS:
            self._passed_on = time.monotonic()
            try:
                current_app.send_task("monitors.tick", queue=probe_queue(self._region_key), expires=1, retry=False)
            except OperationalError:
                log.warning("The broker does not answer; this engine goes on alone")

    def close(self) -> None:
        """What is still claimed is free for the next engine at once."""
        try:
            if self._run_id is not None:
                end_run(self._run_id, now=clock.now())
            flush()
        finally:
            connection.close()

    def _stay_alive(self) -> None:
        flush_sometimes()
        region_id = self._region()
        if region_id is not None and self._run_id is not None:
            self._say_alive(region_id)

    def _say_alive(self, region_id: int) -> int:
        """The id of this engine's run; a new one where others gave it up for dead meanwhile."""
        if self._run_id is not None and time.monotonic() - self._said < SAY_EVERY_SECONDS / 2:
            return self._run_id
        self._said = time.monotonic()
        if self._run_id is None:
            self._run_id = begin_run(region_id)
        if not say_alive(self._run_id, region_id, now=clock.now()):
            log.warning("This engine was silent for too long; others took its checks over")
            self._run_id = begin_run(region_id)
        return self._run_id

    def _region(self) -> int | None:
        """The region's id while it is enabled; says now and then that somebody looks from it."""
        if time.monotonic() - self._seen > SEEN_EVERY_SECONDS:
            is_first, before = self._seen == float("-inf"), self._region_id
            region = Region.objects.filter(key=self._region_key, is_enabled=True).first()
            self._region_id = region.pk if region else None
            if region is None and (is_first or before is not None):
                log.error("Region %s does not exist or is disabled: nothing is checked", self._region_key)
            if region is not None:
                Region.objects.filter(pk=region.pk).update(last_seen_at=clock.now())
                self._own_network.use(region.reference_hosts)
            self._seen = time.monotonic()
        return self._region_id


def store_all(results: Sequence[Result], region_key: str, after_part: Callable[[], None] | None = None) -> None:
    """Records and counts a region's results in transactions of a bearable size.

    One that no database can store is dropped and said.
    """
    for part in _parts(results):
        _store(part, region_key)
        if after_part is not None:
            after_part()


def _store(results: Sequence[Result], region_key: str) -> None:
    try:
        record(results, now=clock.now())
        count_results(results, region_key)
    except _UNSTORABLE:
        if len(results) == 1:
            log.exception("A result of monitor %s cannot be stored and is dropped", results[0].check.monitor_id)
            return
        half = len(results) // 2
        _store(results[:half], region_key)
        _store(results[half:], region_key)


def _parts(results: Sequence[Result]) -> Iterator[Sequence[Result]]:
    """The results in the order of their schedule: as one, or in small parts when many of them failed."""
    many = sum(not one.ok for one in results) > MANY_FAILURES
    ordered = sorted(results, key=lambda one: one.check.scheduled_at)
    size = AT_ONCE if many else max(len(results), 1)
    for first in range(0, len(ordered), size):
        yield ordered[first : first + size]
