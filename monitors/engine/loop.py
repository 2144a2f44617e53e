"""The engine's one loop: starts each check at its time and drives its probe through libcurl and c-ares."""

import heapq
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import count
from threading import Lock
from typing import Any

import pycurl

from common.addresses import AddressPolicy
from monitors.engine.agenda import MOST_STARTS, Agenda
from monitors.engine.gauges import LagWindow, Turns
from monitors.engine.poller import READ, Poller
from monitors.engine.resolver import Resolver
from monitors.engine.seats import Seats
from monitors.engine.transfers import Transfers
from monitors.engine.waits import Waits
from monitors.probes.base import Check, ProbeFailed, Result
from monitors.probes.handles import Handles
from monitors.probes.looks import Look, carry_out
from monitors.probes.operations import Aside, Operation, Resolve, Wait

log = logging.getLogger(__name__)
_LONGEST_WAIT = 1.0
# How long events gather before a turn hands them out: turns cost, and so does giving the lock of Python to and fro.
# Only while the kernel keeps the time of everything under way.
GATHER_SECONDS = 0.003


class _Run:
    """One check under way. `ticket` names the operation it waits for: a late answer has an old one."""

    __slots__ = ("check", "is_timed_here", "seat", "steps", "ticket")

    def __init__(self, check: Check, steps: Look, seat: str) -> None:
        self.check = check
        self.steps = steps
        self.seat = seat
        self.ticket = 0
        self.is_timed_here = False  # whether what it waits for is timed by when the loop hears of it


class ProbeLoop:
    """Runs checks until told to drain or halt. `submit`, `drain` and `halt` may be called from any thread."""

    def __init__(
        self,
        policy: AddressPolicy,
        report: Callable[[Sequence[Result]], None],
        *,
        verify_with: str | None = None,
        nameservers: list[str] | None = None,
        per_host: int | None = None,
    ) -> None:
        self._report = report
        self._poller = Poller()
        self._transfers = Transfers(self._poller)
        self._resolver = Resolver(self._poller, nameservers)
        self._waits = Waits(self._poller)
        self._handles = Handles(policy, verify_with=verify_with, nameservers=nameservers)
        self._aside = ThreadPoolExecutor(1, "probe-aside")
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._bell_lock = Lock()
        self._closed = False
        self._poller.watch(self._bell, READ, self._on_bell)
        self._inbox: deque[Check] = deque()
        self._agenda = Agenda()
        self._seats = Seats(per_host, self._resolver.known)
        self._runs: set[_Run] = set()
        self._by_curl: dict[pycurl.Curl, _Run] = {}
        self._answers: deque[tuple[_Run, int, Any]] = deque()
        self._deadlines: list[tuple[float, int, _Run, int]] = []
        self._order = count()
        self._finished: list[Result] = []
        self._draining = self._halted = False
        self._timed_here = 0
        self._expected_at = 0.0
        self.lags = LagWindow()
        self.turns = Turns()
        self.checks_total = self.broken_total = 0

    def submit(self, checks: Iterable[Check]) -> None:
        """Take checks; each starts when it is due, at once when that is past."""
        self._inbox.extend(checks)
        self._ring()

    def drain(self) -> None:
        """End when every check taken has ended."""
        self._draining = True
        self._ring()

    def halt(self) -> None:
        """End after this turn, whatever is under way."""
        self._halted = True
        self._ring()

    @property
    def in_flight(self) -> int:
        """How many checks have started and not ended."""
        return len(self._runs)

    @property
    def scheduled(self) -> int:
        """How many checks wait for their time."""
        return len(self._agenda) + len(self._inbox)

    @property
    def held(self) -> int:
        """How many checks are due and wait because their address has as many as it may."""
        return len(self._seats)

    def unstarted(self) -> list[Check]:
        """The checks that have not started; only after `run` has ended."""
        return [*self._agenda.rest(), *self._inbox, *self._seats.rest()]

    def _ring(self) -> None:
        with self._bell_lock:
            if not self._closed:
                os.eventfd_write(self._bell, 1)

    def run(self) -> None:
        """Work until drained or halted."""
        try:
            while not self._halted and not (self._draining and not self._runs and not self.scheduled and not self.held):
                self._turn()
        finally:
            self._hand_over()

    def close(self) -> None:
        """Give everything back. Checks under way end without a result."""
        self._transfers.close()
        for run in self._runs:
            run.steps.close()
        self._resolver.close()
        self._handles.close()
        self._aside.shutdown(wait=False, cancel_futures=True)
        self._poller.close()
        with self._bell_lock:
            self._closed = True
            os.close(self._bell)

    def _turn(self) -> None:
        seconds = self._wait_seconds()
        woken_by_timer = not self._poller.wait(seconds, 0.0 if self._timed_here else min(seconds, GATHER_SECONDS))
        now = time.monotonic()
        late = now - self._expected_at if woken_by_timer else 0.0
        self._start_due(now)
        self._transfers.turn()
        self._resolver.turn()
        self._waits.turn(now)
        self._expire(now)
        self._resume_answered()
        self._hand_over()
        ended = time.monotonic()
        self.turns.add(ended, ended - now + max(late, 0.0))

    def _hand_over(self) -> None:
        if self._finished:
            self._report(self._finished)
            self._finished = []

    def _wait_seconds(self) -> float:
        now = time.monotonic()
        if self._inbox or self._answers or self._seats.are_free:
            self._expected_at = now
            return 0.0
        deadline = self._deadlines[0][0] if self._deadlines else now + _LONGEST_WAIT
        self._expected_at = min(
            self._agenda.wanted_at,
            self._transfers.wanted_at,
            self._resolver.wanted_at,
            self._waits.wanted_at,
            deadline,
            now + _LONGEST_WAIT,
        )
        return max(self._expected_at - now, 0.0)

    def _on_bell(self, fd: int, _events: int) -> None:
        os.eventfd_read(fd)

    def _start_due(self, now: float) -> None:
        while self._inbox:
            self._agenda.add((self._inbox.popleft(),))
        for seat, check, due_at in self._seats.next(MOST_STARTS):
            self._start(check, seat, (now - due_at) * 1000)
        for check, lag_ms in self._agenda.due(now):
            taken = self._seats.take(check, now - lag_ms / 1000)
            if taken is not None:
                self._start(check, taken, lag_ms)

    def _start(self, check: Check, seat: str, lag_ms: float) -> None:
        self.lags.add(lag_ms)
        run = _Run(check, carry_out(check, self._handles, lag_ms=lag_ms), seat)
        self._runs.add(run)
        self._resume(run, None)

    def _end(self, run: _Run) -> None:
        self._runs.discard(run)
        self._seats.give_back(run.seat)

    def _resume_answered(self) -> None:
        for curl, code, message in self._transfers.ended():
            self._resume(self._by_curl.pop(curl), (code, message))
        while self._answers:
            run, ticket, answer = self._answers.popleft()
            if run.ticket == ticket and run in self._runs:
                self._resume(run, answer)
        # What has just been resumed may have started transfers: libcurl is to dial now, not a wait later.
        self._transfers.turn()

    def _expire(self, now: float) -> None:
        while self._deadlines and self._deadlines[0][0] <= now:
            _, _, run, ticket = heapq.heappop(self._deadlines)
            self._answers.append((run, ticket, ProbeFailed("dns", "The name could not be resolved in time.")))

    def _resume(self, run: _Run, answer: Any) -> None:
        run.ticket += 1
        self._timed_here -= run.is_timed_here
        run.is_timed_here = False
        try:
            failed = isinstance(answer, Exception)
            self._begin(run, run.steps.throw(answer) if failed else run.steps.send(answer))
        except StopIteration as end:
            self._finish(run, end.value)
        except Exception:
            # An error of ours says nothing about the target: no result, and the lease brings the check back.
            log.exception("A check of monitor %s broke", run.check.monitor_id)
            self.broken_total += 1
            self._end(run)

    def _begin(self, run: _Run, operation: Operation) -> None:
        if isinstance(operation, Wait):
            run.is_timed_here = not operation.is_timed_by_kernel
            self._waits.add(operation, partial(self._on_waited, run, run.ticket))
        elif isinstance(operation, Resolve):
            run.is_timed_here = True
            self._look_up(run, operation)
        elif isinstance(operation, Aside):
            future = self._aside.submit(operation.work)
            future.add_done_callback(partial(self._on_aside, run, run.ticket))
        else:
            run.is_timed_here = True
            self._by_curl[operation.curl] = run
            self._transfers.add(operation.curl)
        self._timed_here += run.is_timed_here

    def _on_waited(self, run: _Run, ticket: int, ready: bool) -> None:
        self._answers.append((run, ticket, ready))

    def _look_up(self, run: _Run, question: Resolve) -> None:
        ticket = run.ticket

        def answered(answer: tuple[str, ...] | str) -> None:
            failed = ProbeFailed("dns", answer) if isinstance(answer, str) else None
            self._answers.append((run, ticket, failed or answer))

        if not self._resolver.ask(question.host, question.ip_version, answered, fresh=question.fresh):
            heapq.heappush(self._deadlines, (question.deadline, next(self._order), run, ticket))

    def _on_aside(self, run: _Run, ticket: int, done: "Future[Any]") -> None:
        """Called in the thread that did the work."""
        if not done.cancelled():
            self._answers.append((run, ticket, done.exception() or done.result()))
            self._ring()

    def _finish(self, run: _Run, result: Result) -> None:
        self._end(run)
        self.checks_total += 1
        result.loop_lag_ms = self.turns.longest_ms
        self._finished.append(result)
