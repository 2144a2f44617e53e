"""One agent from start to end: its engine, the thread that asks for checks, the thread that sends results."""

import logging
import threading
from collections.abc import Callable

from common.addresses import AddressPolicy
from monitors.agent.link import TokenRefused
from monitors.agent.remote_store import RemoteStore
from monitors.engine.engine import Engine

log = logging.getLogger(__name__)

DRAIN_SECONDS = 3.0
SEND_SECONDS = 5.0


class Agent:
    """Probes for a region until stopped, or until the platform no longer takes its token."""

    def __init__(self, store: RemoteStore, policy: AddressPolicy, capacity: int, per_host: int) -> None:
        self._store = store
        self._engine = Engine(store, store.region, policy, capacity, per_host=per_host)
        self._over = threading.Event()
        self.refused = ""
        self._threads = [
            threading.Thread(target=self._guard, args=(self._claim,), name="agent-claim", daemon=True),
            threading.Thread(target=self._guard, args=(store.push_forever,), name="agent-push", daemon=True),
        ]

    def run(self) -> None:
        """Returns after `stop`, with everything ended that could be; what was not sent stays on disk."""
        self._engine.start()
        for thread in self._threads:
            thread.start()
        self._over.wait()
        self._engine.stop(DRAIN_SECONDS)
        self._store.stop()
        for thread in self._threads:
            thread.join(SEND_SECONDS)
        if not self.refused:
            self._store.say_goodbye()

    def stop(self) -> None:
        """From any thread, and from a signal handler."""
        self._over.set()

    def _claim(self) -> None:
        self._store.claim_forever(self._room, self._engine.wake)

    def _room(self) -> int:
        stats = self._engine.stats()
        return self._engine.capacity - stats.in_flight - stats.scheduled

    def _guard(self, body: Callable[[], None]) -> None:
        """A token that is refused ends the agent; any other error is ours: it is said, and the thread goes on."""
        while not self._over.is_set():
            try:
                body()
                return
            except TokenRefused as refused:
                self.refused = str(refused)
                self.stop()
            except Exception:
                log.exception("A thread of the agent died and is started again")
                self._over.wait(1.0)
