"""The sender of a process: takes due deliveries, sends them side by side, records what came back.

One thread does all the database work. Requests over HTTP go to the courier's one thread, anything else to a thread of
its own; those talk to the network only. A receiver that hangs holds its own message and nothing else: lanes bound how
many, and a channel whose last attempt failed waits in a lane apart.
"""

import logging
import random
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from alerts.channels.base import Outcome, Posting, Send
from alerts.channels.catalogue import CATALOGUE
from alerts.models import Delivery
from alerts.sending import claiming
from alerts.sending.courier import Courier
from alerts.sending.nudge import add_waker, remove_waker
from alerts.sending.recording import Attempt, record_attempts
from common.clock import now as clock_now

log = logging.getLogger("websignal.alerts")

LEASE_SECONDS = 15.0
TICK_SECONDS = 1.0
BUSY_TICK_SECONDS = 0.05
RETRY_DATABASE_SECONDS = 0.5
LOOK_AHEAD = 500
# What came back is recorded together with what comes back soon after it; a nudge waits for nothing.
GATHER_SECONDS = 0.02
RECORDED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Lane:
    """How many messages are under way at once: `quick` young ones, `total` with those that take their time."""

    quick: int
    total: int


HEALTHY, FAILING = Lane(quick=256, total=512), Lane(quick=8, total=16)
# After this a message no longer counts as quick: its receiver is slow, and must not hold up the others.
QUICK_SECONDS = 0.25
LaneKey = tuple[str, bool]
_NOTHING = Outcome(ok=False, error="The attempt came to nothing.")


@dataclass(slots=True)
class _Job:
    """One message under way; `started` and `renewed` are monotonic seconds."""

    delivery: Delivery
    lane: LaneKey
    started_at: datetime
    started: float
    renewed: float
    outcome: Outcome | None = None
    latency_ms: float = 0.0

    def end(self, come_to: Callable[[], Outcome], done: Callable[["_Job"], None]) -> None:
        """Hands in what it came to, called where it ends: never raises."""
        try:
            self.outcome = come_to()
        except Exception as error:
            log.exception("Delivery %s broke its sender", self.delivery.pk)
            self.outcome = Outcome(ok=False, error=f"{type(error).__name__} while sending")
        self.latency_ms = (time.monotonic() - self.started) * 1000
        done(self)


class Sender:
    """Starts lazily, wakes on a nudge or by itself each second, and ends with its process at the latest."""

    def __init__(
        self,
        *,
        lease_seconds: float = LEASE_SECONDS,
        clock: Callable[[], datetime] = clock_now,
        lanes: Mapping[bool, Lane] | None = None,
    ) -> None:
        self.id = uuid.uuid4()
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._lanes = lanes or {False: HEALTHY, True: FAILING}
        self._under_way: dict[int, _Job] = {}
        self._finished: deque[_Job] = deque()
        self._wake = threading.Event()
        self._is_nudged = False
        self._courier: Courier | None = None
        self._ends_at: float | None = None
        self._left_some = False
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def wake(self) -> None:
        """Look at once what is due; starts the sender if it does not run."""
        self.start()
        self._look()

    def _look(self) -> None:
        self._is_nudged = True
        self._wake.set()

    def start(self) -> None:
        """Starts the thread; one that runs goes on."""
        with self._starting:
            if self._thread is not None and self._thread.is_alive():
                return
            # What an earlier run left behind belongs to nobody here: its leases run out.
            self.id, self._under_way, self._finished = uuid.uuid4(), {}, deque()
            self._ends_at, self._left_some = None, False
            self._thread = threading.Thread(target=self._run, name="alerts-sender", daemon=True)
            self._thread.start()
            add_waker(self._look)

    def stop(self, timeout: float = 2.0) -> None:
        """Takes nothing more, waits up to `timeout` seconds for what is under way; the rest goes on after its lease."""
        with self._starting:
            thread, self._thread = self._thread, None
            if thread is None:
                return
            remove_waker(self._look)
            self._ends_at = time.monotonic() + timeout
            self._wake.set()
            thread.join(timeout + 1)

    def _run(self) -> None:
        self._courier = Courier()
        try:
            while self._goes_on():
                self._wake.wait(self._pause())
                self._wake.clear()
                self._gather()
                self._safe_turn()
        finally:
            self._courier.stop()
            connection.close()

    def _gather(self) -> None:
        if not self._is_nudged and 0 < len(self._finished) < RECORDED_AT_ONCE:
            time.sleep(GATHER_SECONDS)
        self._is_nudged = False

    def _goes_on(self) -> bool:
        return self._ends_at is None or (bool(self._under_way) and time.monotonic() < self._ends_at)

    def _pause(self) -> float:
        return BUSY_TICK_SECONDS if self._left_some or self._ends_at is not None else TICK_SECONDS

    def _safe_turn(self) -> None:
        """A database that is away, or a mistake of ours, costs a turn and never the thread."""
        try:
            self._turn()
        except (DatabaseError, InterfaceError) as error:
            log.warning("The sender cannot reach its tables: %s", error)
            connection.close()
            time.sleep(RETRY_DATABASE_SECONDS)
        except Exception:
            log.exception("A turn of the sender failed")
            time.sleep(RETRY_DATABASE_SECONDS)

    def _turn(self) -> None:
        self._record_finished()
        self._renew()
        if self._ends_at is None:
            self._take()

    def _record_finished(self) -> None:
        """Raises what a database that is away raises: the jobs stay and are recorded when it is back."""
        while self._finished:
            jobs = [self._finished[place] for place in range(min(len(self._finished), RECORDED_AT_ONCE))]
            self._record(jobs)
            for job in jobs:
                self._finished.popleft()
                self._under_way.pop(job.delivery.channel_id, None)

    def _record(self, jobs: Sequence[_Job]) -> None:
        """One transaction; when it fails, each alone, so that an answer that cannot be stored holds up no other."""
        try:
            record_attempts(
                [_attempt(job, job.outcome or _NOTHING) for job in jobs], sender_id=self.id, now=self._clock()
            )
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("Delivery %s cannot be recorded as it went", ", ".join(str(job.delivery.pk) for job in jobs))
            if len(jobs) > 1:
                for job in jobs:
                    self._record([job])
                return
            is_ok = jobs[0].outcome is not None and jobs[0].outcome.ok
            lost = Outcome(ok=is_ok, error="The answer could not be stored.")
            record_attempts([_attempt(jobs[0], lost)], sender_id=self.id, now=self._clock())

    def _renew(self) -> None:
        now = time.monotonic()
        old = [job for job in self._under_way.values() if now - job.renewed > self._lease_seconds / 3]
        if not old:
            return
        claiming.renew(channel_ids=[job.delivery.channel_id for job in old], sender_id=self.id, until=self._lease_end())
        for job in old:
            job.renewed = now

    def _take(self) -> None:
        now = self._clock()
        ready = claiming.ready_channels(now=now, limit=LOOK_AHEAD)
        chosen, self._left_some = self._choose(ready)
        if not chosen:
            return
        for delivery in claiming.take(
            channel_ids=list(chosen), limit=len(chosen), sender_id=self.id, until=self._lease_end(), now=now
        ):
            self._launch(delivery, chosen[delivery.channel_id])

    def _choose(self, ready: list[claiming.Ready]) -> tuple[dict[int, LaneKey], bool]:
        """Channels for which there is room in their lane, and whether some had to be left."""
        quick, total = self._load()
        chosen: dict[int, LaneKey] = {}
        left_some = False
        for one in ready:
            key = (one.type, one.is_failing)
            lane = self._lanes[one.is_failing]
            if one.channel_id in self._under_way or one.type not in CATALOGUE:
                continue
            if quick[key] >= lane.quick or total[key] >= lane.total:
                left_some = True
                continue
            chosen[one.channel_id] = key
            quick[key] += 1
            total[key] += 1
        return chosen, left_some

    def _load(self) -> tuple[Counter[LaneKey], Counter[LaneKey]]:
        now = time.monotonic()
        jobs = self._under_way.values()
        quick = Counter(job.lane for job in jobs if now - job.started < QUICK_SECONDS)
        return quick, Counter(job.lane for job in jobs)

    def _launch(self, delivery: Delivery, lane: LaneKey) -> None:
        at = self._clock()
        send = _prepared(delivery, at)
        started = time.monotonic()
        job = _Job(delivery, lane, at, started, started)
        self._under_way[delivery.channel_id] = job
        # Bound to the queue of this run: a thread that outlives a stop must not report to the next.
        done = partial(_hand_in, self._finished, self._wake)
        if isinstance(send, Posting) and self._courier is not None:
            self._courier.send(send.request, lambda ended: job.end(partial(send.judge, ended), done))
        else:
            threading.Thread(target=job.end, args=(send, done), name=f"alert-{delivery.pk}", daemon=True).start()

    def _lease_end(self) -> datetime:
        return self._clock() + timedelta(seconds=self._lease_seconds)


def _attempt(job: _Job, outcome: Outcome) -> Attempt:
    return Attempt(job.delivery, outcome, job.started_at, job.latency_ms, random.random())  # noqa: S311


def _hand_in(finished: "deque[_Job]", wake: threading.Event, job: _Job) -> None:
    finished.append(job)
    wake.set()


def _prepared(delivery: Delivery, now: datetime) -> Send:
    try:
        return CATALOGUE[delivery.channel.type].prepare(delivery, now=now)
    except DatabaseError:
        raise
    except Exception as error:
        log.exception("Delivery %s cannot be prepared", delivery.pk)
        said = f"{type(error).__name__} while preparing: its channel's settings cannot be used"
        return lambda: Outcome(ok=False, error=said)


_sender = Sender()


def wake() -> None:
    """Look what is due, with the one sender of this process."""
    _sender.wake()


def stop(timeout: float = 2.0) -> None:
    """Ends the sender of this process: at most `timeout` seconds for what is under way."""
    _sender.stop(timeout)
