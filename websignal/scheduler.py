"""Beat's scheduler: each entry once a period, by the monotonic clock."""

import heapq
import time
from datetime import timedelta
from typing import Any

from celery.beat import ScheduleEntry, Scheduler


class SteadyScheduler(Scheduler):
    """Celery's, for periods only, which stay as they were at the start; what could not be sent in time is left out.

    Celery's own wakes 10 ms before an entry is due and then looks without a rest until it is: 6 % of a core.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        start = time.monotonic()
        self._due = [(start + _period(entry), name) for name, entry in self.schedule.items()]
        heapq.heapify(self._due)

    def tick(self, *_: Any, **__: Any) -> float:
        """Sends one entry if one is due; returns the seconds until the next tick, at most `max_interval`."""
        now = time.monotonic()
        due_at, name = self._due[0]
        if due_at > now:
            return min(due_at - now, float(self.max_interval or 1))
        entry = self.schedule[name]
        heapq.heapreplace(self._due, (_next(due_at, _period(entry), now), name))
        self.apply_entry(entry, producer=self.producer)
        return 0.0


def _period(entry: ScheduleEntry) -> float:
    period: timedelta = vars(entry.schedule)["run_every"]
    return period.total_seconds()


def _next(due_at: float, period: float, now: float) -> float:
    return due_at + period if due_at + period > now else now + period
