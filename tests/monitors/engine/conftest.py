"""A store in memory, checks, and an engine that is always stopped."""

import threading
import time

import pytest

from common.addresses import AddressPolicy
from monitors.engine.engine import Engine
from monitors.probes.base import Check, Claim
from tests.targets import Authority, Target

ANYWHERE = AddressPolicy(allow_private=True)


class MemoryStore:
    """Gives out what falls due, keeps what comes back, and fails when told to."""

    def __init__(self):
        self.waiting = []
        self.results = []
        self.batches = []
        self.claims = []
        self.passed_on = 0
        self.closed_in = None
        self.fail_record = lambda results: False
        self.fail_claim = False
        self._changed = threading.Condition()

    def add(self, *checks):
        with self._changed:
            self.waiting.extend(checks)

    def claim(self, *, now, until, limit):
        with self._changed:
            self.claims.append((now, until, limit))
            self._changed.notify_all()
            if self.fail_claim:
                raise ConnectionError("no database")
            due = sorted((check for check in self.waiting if check.scheduled_at < until), key=lambda c: c.scheduled_at)
            taken = due[:limit]
            self.waiting = [check for check in self.waiting if check not in taken]
            return Claim(taken, len(due) > limit)

    def record(self, results):
        with self._changed:
            self.batches.append(len(results))
            self._changed.notify_all()
            if self.fail_record(results):
                raise ConnectionError("no database")
            self.results.extend((time.time(), result) for result in results)

    def pass_on(self):
        self.passed_on += 1

    def close(self):
        self.closed_in = threading.current_thread().name

    def wait_for(self, condition, seconds=15.0):
        with self._changed:
            assert self._changed.wait_for(condition, seconds), "waited in vain"

    def wait_results(self, number, seconds=15.0):
        self.wait_for(lambda: len(self.results) >= number, seconds)
        return [result for _, result in self.results]


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture(scope="session")
def target():
    with Target() as running:
        yield running


@pytest.fixture(scope="session")
def authority():
    running = Authority()
    yield running
    running.close()


@pytest.fixture
def engine(store, authority):
    """Start an engine on the store; it is stopped afterwards."""
    started = []

    def start(capacity=1000, policy=ANYWHERE, **options):
        options.setdefault("verify_with", authority.file)
        running = Engine(store, "test", policy, capacity, **options)
        running.start()
        started.append(running)
        return running

    yield start
    for running in started:
        running.stop(5)


@pytest.fixture
def check():
    """Make a check, due in `seconds`."""
    numbers = iter(range(1, 1_000_000))

    def make(url, *, seconds=0.0, timeout_ms=3000, second_look=False, assertions=(), **request):
        return Check(
            monitor_id=next(numbers),
            region_id=1,
            type="http",
            settings={"url": url, "request": request, "assertions": list(assertions)},
            scheduled_at=time.time() + seconds,
            timeout_ms=timeout_ms,
            second_look=second_look,
        )

    return make
