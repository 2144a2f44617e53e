"""Threads that are started again when they die, and say so."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)
RESTART_SECONDS = 1.0


class Supervised:
    """Runs `body` in a thread until `stopping`; a body that ends or raises before that is run again after a second."""

    def __init__(self, name: str, body: Callable[[], None]) -> None:
        self.name = name
        self._body = body
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stopping(self) -> None:
        """No restart from here on."""
        self._stopping.set()

    def join(self, timeout: float) -> bool:
        """Whether the thread has ended within `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._body()
            except BaseException:  # Celery ends a broken worker by SystemExit, which would end the thread in silence
                if not self._stopping.is_set():
                    log.exception("%s died", self.name)
            if not self._stopping.wait(RESTART_SECONDS):
                log.warning("%s is started again", self.name)
