"""A web process of its own on the database of the tests: what only a real server can show."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def database_url():
    """The database that this test run uses, as the environment names it."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{quote(str(given['NAME']))}"
    login = quote(given["USER"] or "postgres") + (f":{quote(given['PASSWORD'])}" if given["PASSWORD"] else "")
    return f"postgresql://{login}@{given['HOST'] or '127.0.0.1'}:{given['PORT'] or 5432}/{given['NAME']}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


COMMANDS = {
    "granian": ["-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--no-ws", "--port"],
    "uvicorn": ["-m", "uvicorn", "--host", "127.0.0.1", "--ws", "none", "--port"],
}


class Server:
    """One running server."""

    def __init__(self, process, port, log):
        self.process, self.port, self.log = process, port, log

    def kill(self):
        """As the kernel does when memory runs out: all of it, at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self):
        """As an operator does; returns how many seconds it took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        return time.monotonic() - started


@contextmanager
def web(tmp_path, kind="granian", **environment):
    """A web process that answers; killed at the end if it still runs."""
    port = free_port()
    log = tmp_path / f"{kind}-{port}.log"
    env = {
        **os.environ, "DATABASE_URL": database_url(), "DATA_DIR": str(tmp_path), "PYTHONWARNINGS": "ignore",
        "REDIS_URL": settings.REDIS_URL, "SECRET_KEY": settings.SECRET_KEY, **environment,
    }  # fmt: skip
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *COMMANDS[kind], str(port), "websignal.asgi:application"],
            env=env, cwd=ROOT, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    server = Server(process, port, log)
    try:
        _wait_until_it_answers(server)
        yield server
    finally:
        if process.poll() is None:
            server.kill()


def _wait_until_it_answers(server):
    for _ in range(200):
        assert server.process.poll() is None, server.log.read_text()
        try:
            with socket.create_connection(("127.0.0.1", server.port), 1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(server.log.read_text())
