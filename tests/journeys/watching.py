"""What the journeys share: a monitor with short intervals, engines in processes of their own, patience."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection, transaction

from common import clock
from monitors.models import RegionState
from monitors.scheduling.engine_step import start_engine, stop_engine
from monitors.services import create_monitor

ROOT = Path(__file__).resolve().parents[2]
ENGINE = """
import sys, time, django
django.setup()
from monitors.scheduling.engine_step import start_engine
engine = start_engine("default")
print("checking", flush=True)
while True:
    time.sleep(1)
    engine.wake()
"""


def watch(workspace, by, url, *, interval_seconds=1, timeout_ms=800, **fields):
    """A monitor of `url`; below the interval that people may choose, so that a test need not wait."""
    fields = {"name": "Shop", "type": "http", "settings": {"url": url}} | fields
    with transaction.atomic():
        monitor = create_monitor(workspace=workspace, by=by, now=clock.now() - timedelta(seconds=1), fields=fields)
        monitor.interval_seconds, monitor.timeout_ms = interval_seconds, timeout_ms
        monitor.save()
    return monitor


def until(condition, *, within, what):
    """Waits until `condition()` is true and returns what it returned."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    states = list(RegionState.objects.values())
    raise AssertionError(f"not within {within} s: {what}; region states: {states}")


def database_url():
    """The test's own database, as another process finds it."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    login = quote(found["USER"]) + (f":{quote(found['PASSWORD'])}" if found["PASSWORD"] else "")
    return f"postgresql://{login}@{found['HOST']}:{found['PORT'] or 5432}/{found['NAME']}"


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "websignal.settings",
        "DATA_DIR": str(settings.DATA_DIR),
        "SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_URL": database_url(),
        **more,
    }


@contextmanager
def process(*command, **options):
    """A process of the platform that is killed at the end, if it still runs."""
    running = subprocess.Popen([sys.executable, *command], cwd=ROOT, text=True, **options)
    try:
        yield running
    finally:
        if running.poll() is None:
            running.send_signal(signal.SIGKILL)
        running.wait(10)
        if running.stdout:
            running.stdout.close()


@contextmanager
def ticking_engine():
    """An engine in this process that hears a tick every second, as from beat."""
    engine, over = start_engine("default"), threading.Event()

    def tick():
        while not over.wait(1.0):
            engine.wake()

    ticker = threading.Thread(target=tick, name="ticker")
    ticker.start()
    try:
        yield engine
    finally:
        over.set()
        ticker.join()
        stop_engine()


@contextmanager
def engine_process():
    """An engine in a process of its own, once it checks."""
    with process("-c", ENGINE, env=environment(), stdout=subprocess.PIPE) as running:
        assert running.stdout.readline() == "checking\n"
        yield running
