"""The whole platform as a subprocess, for tests that use it from outside as people do."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
MANAGE = [sys.executable, str(ROOT / "manage.py")]
START_SECONDS = 180


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Platform:
    """`manage.py run` in a data directory of its own; a context manager."""

    email, password = "ada@example.org", "analytical engine"

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")} | {
            "DATA_DIR": str(data_dir),
            "PORT": str(self.port),
            "FIRST_USER_EMAIL": self.email,
            "FIRST_USER_PASSWORD": self.password,
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self.log = data_dir / "platform.log"
        self.token = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([*MANAGE, "run"], env=self.environment, cwd=ROOT, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the platform did not start:\n{self.log.read_text()}")
            time.sleep(0.1)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends a signal and waits; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(20)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def manage(self, *arguments: str) -> str:
        done = subprocess.run([*MANAGE, *arguments], env=self.environment, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def new_token(self, scopes: str = "monitor.admin user.read") -> str:
        self.token = self.manage("create_token", "--user", self.email, "--scopes", scopes).splitlines()[-1]
        assert re.fullmatch(r"ws_[A-Za-z0-9]{40}", self.token)
        return self.token

    def call(self, method: str, path: str, body: Any = None, *, expect: int | None = None) -> Any:
        """One API call with the token; returns the JSON of the answer, whose status must be as expected or 2xx."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
        assert status == expect if expect else status < 300, f"{method} {path}: {status} {content.decode()}"
        return json.loads(content) if content else None
