"""The whole platform in one process: web in the main thread, worker with its engine, beat and sweep in threads."""

import logging
import signal
import socket
import sys
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from types import FrameType

import uvicorn
from celery.beat import Service
from celery.platforms import EX_OK
from celery.worker import WorkController, state
from django.conf import settings
from django.db import connection

from alerts.sending import sender as sending
from common.clock import now
from monitors.scheduling.engine_step import stop_engine
from monitors.scheduling.queues import probe_queue
from signals.sweep import sweep
from websignal.celery import app
from websignal.scheduler import SteadyScheduler
from websignal.threads import Supervised

log = logging.getLogger(__name__)
WORKER_THREADS = 6
SWEEP_SECONDS = 0.25
WEB_GRACE_SECONDS = 1
SENDER_GRACE_SECONDS = 1.5
STOP_SECONDS = 2.2
BACKLOG = 1024
# A page waits this long for another thread at work, after each row that SQLite gives it: with Python's 5 ms a list of
# monitors took a quarter longer beside the engine.
SWITCH_SECONDS = 0.001


class PortTaken(OSError):
    """The address cannot be listened on; the message says which variable to change."""


class EmbeddedServer:
    """Listens from its making on; `run` starts everything and returns after SIGINT or SIGTERM, within 3 s."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = _listen(host, port)
        config = uvicorn.Config(
            "websignal.asgi:application",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=WEB_GRACE_SECONDS,
            timeout_keep_alive=30,
            backlog=BACKLOG,
        )
        self._web = _Web(config)
        self._beat: Service | None = None
        self._stop_asked = threading.Event()
        self._worker, self._sweep = Supervised("worker", self._run_worker), Supervised("sweep", self._run_sweep)
        self._threads = [self._worker, self._sweep, Supervised("beat", self._run_beat)]
        self._stopper = threading.Thread(target=self._stop_others, name="stopper", daemon=True)

    def run(self) -> bool:
        """Whether the web server came up."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        sys.setswitchinterval(SWITCH_SECONDS)
        self._stopper.start()
        for thread in self._threads:
            thread.start()
        try:
            self._web.run([self._socket])
        finally:
            self._stop_asked.set()
            self._stopper.join(STOP_SECONDS + 0.5)
        return self._web.started

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._web.should_exit = True
        self._stop_asked.set()

    def _run_worker(self) -> None:
        WorkController(
            app=app,
            pool_cls="threads",
            concurrency=WORKER_THREADS,
            queues=["default", probe_queue(settings.REGION)],
            without_mingle=True,
            without_gossip=True,
            without_heartbeat=True,
            hostname="embedded@websignal",
            quiet=True,
        ).start()

    def _run_beat(self) -> None:
        self._beat = Service(app, max_interval=1, scheduler_cls=SteadyScheduler)
        self._beat.start()

    def _run_sweep(self) -> None:
        """Not by tasks: four a second took more than all that is done while nothing happens."""
        try:
            while not self._stop_asked.wait(SWEEP_SECONDS):
                sweep(now=now())
        finally:
            connection.close()

    def _stop_others(self) -> None:
        """While the web server finishes what it is at, the others stop too: each in its own thread, as Celery wants."""
        self._stop_asked.wait()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.stopping()
        state.should_stop = EX_OK  # type: ignore[assignment]
        sender = threading.Thread(target=sending.stop, args=(SENDER_GRACE_SECONDS,), name="sender-stop", daemon=True)
        sender.start()
        stop_engine()
        # Beat still ticks, for that wakes a worker that waits for its next message.
        if not self._worker.join(max(0.0, deadline - time.monotonic())):
            log.info("The worker was still at work; its rows tell the next start what it had not finished")
        for other in (sender, self._sweep):
            other.join(max(0.0, deadline - time.monotonic()))
        if self._beat is not None:
            self._beat.stop()


class _Web(uvicorn.Server):
    """Uvicorn that leaves signals to us, for the other threads must hear them too."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


def _listen(host: str, port: int) -> socket.socket:
    """Listening at once, so that a second start is told, and who connects during the migrations waits."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise PortTaken(f"Cannot listen on {host}:{port} ({error.strerror}): set PORT or HOST.") from error
    return listener
