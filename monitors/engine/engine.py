"""The engine of one process and region: one thread probes, another claims and records."""

import gc
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from common.addresses import AddressPolicy
from common.curl import ca_file
from monitors.engine.bookkeeper import Bookkeeper
from monitors.engine.gauges import EngineStats
from monitors.engine.loop import ProbeLoop
from monitors.probes.base import Check, Store
from monitors.probes.certificates import read_pem

log = logging.getLogger(__name__)

# The loop gives up Python's lock at each call of the system; so long it waits to have it back from a busy thread.
SWITCH_SECONDS = 0.0001
RESTART_SECONDS = 0.2
# What is known of 60,000 monitors takes the collector tens of milliseconds to go through, and both threads wait for it.
# A plain check leaves no circles behind, so there is little to collect.
_COLLECT_AFTER = (100_000, 20, 100)
_FLUSH_SECONDS = 1.0
_END_OF_PEM = "-----END CERTIFICATE-----\n"


class Engine:
    """Carries out the checks of `store`: at most `capacity` scheduled and in flight, at most `per_host` to one address.

    Start it after the fork, in the process that uses it. A thread of it that dies is started again and said
    in the log.
    """

    def __init__(
        self,
        store: Store,
        region: str,
        policy: AddressPolicy,
        capacity: int,
        *,
        verify_with: str | None = None,
        nameservers: list[str] | None = None,
        per_host: int | None = None,
    ) -> None:
        self.region = region
        self.capacity = capacity
        self._policy = policy
        self._verify_with = verify_with or ca_file()
        self._nameservers = nameservers
        self._per_host = per_host
        self._books = Bookkeeper(store, self._free, self._submit)
        self._loop: ProbeLoop | None = None
        self._stopping = False
        self._restarts = 0
        self._earlier_checks = self._earlier_broken = 0
        self._threads: list[Thread] = []

    def start(self) -> None:
        """Start both threads and claim for the first time."""
        prepare_process(self._verify_with)
        self._loop = self._new_loop()
        self._threads = [
            Thread(target=self._supervise, args=(self._run_loop,), name=f"probe-loop-{self.region}", daemon=True),
            Thread(target=self._run_books, name=f"probe-store-{self.region}", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self.wake()

    def wake(self) -> None:
        """Claim what falls due within the next second. Cheap, from any thread; beat's tick calls it."""
        self._books.wake()

    def stop(self, timeout: float) -> bool:
        """Claim no more, end what was claimed, record it. Returns whether all was done in `timeout` s."""
        if not self._threads:
            return True
        deadline = time.monotonic() + timeout
        loop_thread, books_thread = self._threads
        self._stopping = True
        self._books.stop_claiming()
        if self._loop is not None:
            self._loop.drain()
        loop_thread.join(max(timeout - min(_FLUSH_SECONDS, timeout / 2), 0))
        drained = not loop_thread.is_alive()
        if not drained and self._loop is not None:
            self._loop.halt()
            loop_thread.join(_FLUSH_SECONDS)
        self._books.finish(deadline)
        books_thread.join(max(deadline - time.monotonic(), 0) + _FLUSH_SECONDS)
        return drained and not books_thread.is_alive() and not self._books.buffered

    def stats(self) -> EngineStats:
        """What the engine is doing now."""
        loop = self._loop
        p50, p99 = loop.lags.percentiles((0.5, 0.99)) if loop else (0.0, 0.0)
        return EngineStats(
            in_flight=loop.in_flight if loop else 0,
            scheduled=loop.scheduled if loop else 0,
            held=loop.held if loop else 0,
            checks_total=self._earlier_checks + (loop.checks_total if loop else 0),
            broken_total=self._earlier_broken + (loop.broken_total if loop else 0),
            lag_p50_ms=p50,
            lag_p99_ms=p99,
            loop_lag_ms=loop.turns.longest_ms if loop else 0.0,
            buffered_results=self._books.buffered,
            dropped_results=self._books.dropped_results,
            restarts=self._restarts,
        )

    def _free(self) -> int:
        loop = self._loop
        return self.capacity - loop.in_flight - loop.scheduled if loop else 0

    def _submit(self, checks: list[Check]) -> None:
        if checks and self._loop is not None:
            self._loop.submit(checks)

    def _new_loop(self) -> ProbeLoop:
        return ProbeLoop(
            self._policy,
            self._books.take,
            verify_with=self._verify_with,
            nameservers=self._nameservers,
            per_host=self._per_host,
        )

    def _run_loop(self) -> None:
        loop = self._loop
        assert loop is not None
        try:
            loop.run()
        except BaseException:
            self._loop = self._successor(loop)
            raise
        finally:
            loop.close()

    def _successor(self, dead: ProbeLoop) -> ProbeLoop:
        """A new loop that takes over what had not started; what had is claimed again when its lease ends."""
        self._earlier_checks += dead.checks_total
        self._earlier_broken += dead.broken_total
        loop = self._new_loop()
        loop.submit(dead.unstarted())
        if self._stopping:
            loop.drain()
        return loop

    def _run_books(self) -> None:
        self._supervise(self._books.run)
        self._books.close()

    def _supervise(self, body: Callable[[], None]) -> None:
        while True:
            try:
                return body()
            except Exception:
                self._restarts += 1
                log.exception("A thread of the engine of region %s died and is started again", self.region)
                time.sleep(RESTART_SECONDS)


def prepare_process(verify_with: str) -> None:
    """Pay for first times now (a first certificate takes 100 ms) and spare the collector what exists."""
    first_pem = Path(verify_with).read_text(encoding="utf-8", errors="replace").partition(_END_OF_PEM)
    read_pem("".join(first_pem[:2]).strip())
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
