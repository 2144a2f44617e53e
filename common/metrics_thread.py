"""Adds a web process's counts to the others' every few seconds; engines do it in a thread that they have anyway."""

import threading

from django.db import connection

from common.metrics import FLUSH_SECONDS, flush_sometimes


class MetricsThread:
    """Runs from `start` to `stop`, which adds what is left."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Does nothing when it runs."""
        if self._thread is None:
            self._over.clear()
            self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Within 2 s, unless the database hangs."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(2.0)
            self._thread = None

    def _run(self) -> None:
        while not self._over.wait(FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        try:
            flush_sometimes()
        finally:
            connection.close()
