"""The engine's database thread: claims checks, records results, and loses neither on the way."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from threading import Event, Lock

from monitors.probes.base import Check, Result, Store

log = logging.getLogger(__name__)

HORIZON_SECONDS = 1.5  # a tick comes each second; half of one is for ticks that are late and claims that take a while
MOST_IN_CLAIM = 500  # what is due first need not wait until all the others are claimed
# Once so much is claimed ahead the next claim may wait: many at a stretch would hold up the loop.
AHEAD_SECONDS, BETWEEN_CLAIMS_SECONDS = 0.5, 0.2
SILENCE_SECONDS = 3.0  # without a tick for so long, it ticks itself
OWN_TICK_SECONDS = 1.0
MOST_IN_BATCH = 1000
MOST_BUFFERED = 100_000
_PAUSE_SECONDS = 0.25  # between two batches, so that results gather: each has costs that do not grow with it
_FIRST_RETRY, _LAST_RETRY = 0.1, 5.0


class Bookkeeper:
    """Stands between the loop and the store. `run` is the database thread; the rest is for any thread."""

    def __init__(self, store: Store, free: Callable[[], int], submit: Callable[[list[Check]], None]) -> None:
        self._store = store
        self._free = free
        self._submit = submit
        self._results: deque[Result] = deque()
        self._results_lock = Lock()
        self._alarm = Event()
        self._claim_lock = Lock()
        self._asked = False
        self._claiming = True
        self._finish_by: float | None = None
        self._tick_at = time.monotonic() + SILENCE_SECONDS
        self._passed_on_at = self._flushed_at = self._retry_at = 0.0
        self._retry_seconds = _FIRST_RETRY
        self._batch = MOST_IN_BATCH
        self.dropped_results = 0

    @property
    def buffered(self) -> int:
        """How many results wait to be recorded."""
        return len(self._results)

    def wake(self) -> None:
        """A tick: claim what falls due in the next second."""
        self._tick_at = time.monotonic() + SILENCE_SECONDS
        self._asked = True
        self._alarm.set()

    def take(self, results: Iterable[Result]) -> None:
        """Keep results until they are recorded; past 100,000 the oldest go, and the log says so."""
        with self._results_lock:
            self._results.extend(results)
            excess = len(self._results) - MOST_BUFFERED
            if excess > 0:
                self._drop(excess)
        self._alarm.set()

    def stop_claiming(self) -> None:
        """Take no more checks; go on recording. Waits for a claim under way: what it takes is carried out."""
        self._claiming = False
        if self._claim_lock.acquire(timeout=SILENCE_SECONDS):
            self._claim_lock.release()

    def finish(self, by: float) -> None:
        """End once everything is recorded, at the latest at `by` (time.monotonic())."""
        self._finish_by = by
        self._alarm.set()

    def run(self) -> None:
        """The database thread: returns after `finish`."""
        self._alarm.set()
        while not self._is_over():
            self._alarm.wait(self._patience())
            self._alarm.clear()
            self._gather()
            self._record_all()
            self._tick()

    def close(self) -> None:
        """Close the store, in the thread that used it."""
        if self._results:
            log.error("%d results could not be recorded before the end", len(self._results))
        try:
            self._store.close()
        except Exception:
            log.exception("The store could not be closed")

    def _is_over(self) -> bool:
        if self._finish_by is None:
            return False
        return not self._results or time.monotonic() >= self._finish_by

    def _patience(self) -> float:
        now = time.monotonic()
        until = min(self._tick_at, self._retry_at if self._results else self._tick_at)
        if self._finish_by is not None:
            until = min(until, self._finish_by)
        return max(until - now, 0.0)

    def _gather(self) -> None:
        rest = self._flushed_at + _PAUSE_SECONDS - time.monotonic()
        if self._results and rest > 0 and self._finish_by is None:
            time.sleep(rest)

    def _record_all(self) -> None:
        """What waits now: what comes meanwhile gathers first, or a few would always be stored on their own."""
        waiting = len(self._results)
        while waiting > 0 and self._results and time.monotonic() >= self._retry_at:
            with self._results_lock:
                batch = [self._results.popleft() for _ in range(min(self._batch, len(self._results)))]
            waiting -= len(batch)
            self._record(batch)

    def _record(self, batch: Sequence[Result]) -> None:
        try:
            self._store.record(batch)
        except Exception:
            self._keep(batch)
        else:
            self._retry_seconds = _FIRST_RETRY
            self._batch = min(self._batch * 2, MOST_IN_BATCH)
        self._flushed_at = time.monotonic()

    def _keep(self, batch: Sequence[Result]) -> None:
        """Halve the batch to find a result the store cannot take, and put that one behind the others."""
        log.exception("%d results could not be recorded; %d wait", len(batch), len(batch) + len(self._results))
        if len(batch) == 1:
            self._results.extend(batch)
        else:
            self._results.extendleft(reversed(batch))
        self._batch = max(len(batch) // 2, 1)
        self._retry_at = time.monotonic() + self._retry_seconds
        self._retry_seconds = min(self._retry_seconds * 2, _LAST_RETRY)

    def _drop(self, excess: int) -> None:
        for _ in range(excess):
            self._results.popleft()
        self.dropped_results += excess
        log.error("%d results were dropped: %d wait for a store that fails", excess, MOST_BUFFERED)

    def _tick(self) -> None:
        now = time.monotonic()
        if now >= self._tick_at:
            self._asked = True
            self._tick_at = now + OWN_TICK_SECONDS
        if self._asked:
            self._asked = False
            with self._claim_lock:
                if self._claiming:
                    self._claim()

    def _claim(self) -> None:
        now = time.time()
        try:
            while (free := self._room()) > 0:
                limit = min(free, MOST_IN_CLAIM)
                checks, more = self._store.claim(now=now, until=now + HORIZON_SECONDS, limit=limit)
                self._submit(checks)
                if not more:
                    return
                if not checks:
                    break
                if checks[-1].scheduled_at > time.time() + AHEAD_SECONDS:
                    self._tick_at = time.monotonic() + BETWEEN_CLAIMS_SECONDS
                    return
            self._pass_on()
        except Exception:
            log.exception("Due checks could not be claimed")

    def _room(self) -> int:
        return self._free() if len(self._results) < MOST_BUFFERED // 2 else 0

    def _pass_on(self) -> None:
        """At most once a second: two full engines must not throw one tick to and fro."""
        now = time.monotonic()
        if now - self._passed_on_at >= OWN_TICK_SECONDS:
            self._passed_on_at = now
            self._store.pass_on()
