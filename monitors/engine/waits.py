"""Which checks wait for a socket, and when each stops waiting."""

import heapq
from collections.abc import Callable
from math import inf

from monitors.engine.poller import Poller
from monitors.probes.operations import Wait

Answered = Callable[[bool], None]


class Waits:
    """Answers each wait once: True when its socket is ready, False when its deadline comes first.

    A descriptor is heard of only while somebody waits for it, so closing one needs no notice here. Deadlines
    lie in a heap with about one entry a descriptor, however often it is waited for.
    """

    def __init__(self, poller: Poller) -> None:
        self._poller = poller
        self._waiting: dict[int, tuple[float, Answered]] = {}
        self._alarms: list[tuple[float, int]] = []
        self._alarm_at: dict[int, float] = {}

    def add(self, wait: Wait, answered: Answered) -> None:
        """Watch the socket and call `answered` in a later turn."""
        self._waiting[wait.fd] = (wait.deadline, answered)
        self._poller.watch_once(wait.fd, wait.mask, self._on_event)
        if self._alarm_at.get(wait.fd, inf) > wait.deadline:
            self._set_alarm(wait.deadline, wait.fd)

    @property
    def wanted_at(self) -> float:
        """time.monotonic() of the next deadline, or of one that has become moot; inf when there is none."""
        return self._alarms[0][0] if self._alarms else inf

    def turn(self, now: float) -> None:
        """Answer the waits whose time is over."""
        while self._alarms and self._alarms[0][0] <= now:
            at, fd = heapq.heappop(self._alarms)
            if self._alarm_at.get(fd) != at:
                continue
            del self._alarm_at[fd]
            deadline, _ = self._waiting.get(fd, (inf, None))
            if deadline <= now:
                self._poller.forget(fd)
                self._answer(fd, ready=False)
            elif deadline != inf:
                self._set_alarm(deadline, fd)

    def _set_alarm(self, at: float, fd: int) -> None:
        self._alarm_at[fd] = at
        heapq.heappush(self._alarms, (at, fd))

    def _on_event(self, fd: int, _events: int) -> None:
        self._answer(fd, ready=True)

    def _answer(self, fd: int, *, ready: bool) -> None:
        _, answered = self._waiting.pop(fd)
        answered(ready)
