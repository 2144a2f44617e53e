"""The jobs of the examples: threads that ping their heartbeats, of which one stops now and then."""

import contextlib
import json
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable

Job = Callable[[str, float], None]


def start_jobs(urls: dict[str, str]) -> None:
    """A thread for each heartbeat of `urls` {name of the job: ping URL}; they end with the process."""
    for name, url in urls.items():
        threading.Thread(target=_repeat, args=(_JOBS[name], url), name=f"demo {name}", daemon=True).start()


def _repeat(job: Job, url: str) -> None:
    while True:
        job(url, time.time())
        time.sleep(10)


def _backup(url: str, now: float) -> None:
    """Runs for a second or two, says when it starts and ends, and now and then that what it needs is down."""
    rid = uuid.uuid4()
    _ping(f"{url}/start?rid={rid}")
    time.sleep(1 + now % 2)
    storage = "down" if now % 420 < 40 else "ok"
    needs = [{"name": "Object storage", "status": storage}, {"name": "Orders database", "status": "ok"}]
    _ping(f"{url}?rid={rid}", json.dumps({"files": 412, "megabytes": 18.2, "dependencies": needs}).encode())


def _invoices(url: str, now: float) -> None:
    """Forgets to run for a minute and a half in six."""
    if now % 360 >= 90:
        _ping(url)


def _import(url: str, now: float) -> None:
    """Ends with exit status 1 for half a minute in five."""
    _ping(f"{url}/1", b"could not read row 7") if now % 300 < 30 else _ping(f"{url}/0")


def _ping(url: str, body: bytes | None = None) -> None:
    # While the platform starts or stops nobody answers; the next ping comes.
    with contextlib.suppress(OSError):
        urllib.request.urlopen(url, data=body, timeout=5).close()  # noqa: S310


_JOBS: dict[str, Job] = {"backup": _backup, "invoices": _invoices, "import": _import}
