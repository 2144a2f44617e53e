"""Which checks wait for their time, and when the loop must look next."""

import heapq
import time
from collections.abc import Iterable, Iterator
from itertools import count
from math import ceil, inf

from monitors.probes.base import Check

TICK_SECONDS = 0.005
MOST_STARTS = 10  # in one turn: each costs 0.2 ms, in which nothing that has come is read and timed


class Agenda:
    """Checks by the time they are due; monotonic, so that a clock set anew moves nothing."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Check]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._due)

    def add(self, checks: Iterable[Check]) -> None:
        """Put checks on the agenda."""
        ahead = time.monotonic() - time.time()
        for check in checks:
            heapq.heappush(self._due, (check.scheduled_at + ahead, next(self._order), check))

    def due(self, now: float) -> Iterator[tuple[Check, float]]:
        """Take one turn's worth of what is due at `now` (monotonic), oldest first, each with its lag (ms)."""
        for _ in range(MOST_STARTS):
            if not self._due or self._due[0][0] > now:
                return
            due_at, _order, check = heapq.heappop(self._due)
            yield check, (now - due_at) * 1000

    @property
    def wanted_at(self) -> float:
        """The tick (monotonic) at which the next check starts; inf when there is none."""
        return ceil(self._due[0][0] / TICK_SECONDS) * TICK_SECONDS if self._due else inf

    def rest(self) -> list[Check]:
        """Every check that has not started."""
        return [check for _, _, check in self._due]
