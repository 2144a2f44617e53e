"""Walks the tour of README.md, every line as it stands there, against a platform of its own."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```sh tour\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXPECTED = [
    "OK",
    '{"message": "OK"}',
    "incident_open - Docs",
    "2",
    '{"message": "OK"}',
    "incident_resolved - Docs",
    "2",
]


def main() -> None:
    """Exits with 0 when what the tour prints is what README.md says, in any order where two things happen at once."""
    with tempfile.TemporaryDirectory() as folder:
        ports = [free_port() for _ in range(3)]
        environment = os.environ | {
            "DATA_DIR": folder,
            "PORT": str(ports[0]),
            "FIRST_USER_PASSWORD": secrets.token_hex(8),
        }
        server = subprocess.Popen([sys.executable, "manage.py", "run"], cwd=ROOT, env=environment)
        try:
            wait_for(f"http://127.0.0.1:{ports[0]}/health")
            said = walk(tour(ports), environment)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=10)
    missing = lacking(said)
    print(f"\nThe tour of README.md: {'as written' if not missing else f'lacks {missing}'}")
    sys.exit(1 if missing else 0)


def tour(ports: list[int]) -> str:
    """The shell lines of the tour, on free ports."""
    text = "\n".join(BLOCK.findall((ROOT / "README.md").read_text()))
    for written, free in zip(("8000", "9000", "9001"), ports, strict=True):
        text = re.sub(rf"\b{written}\b", str(free), text)
    return text


def walk(script: str, environment: dict[str, str]) -> str:
    """What the lines print; ends with an error when one fails."""
    print(script)
    command = ["bash", "-euo", "pipefail", "-c", f"trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, timeout=180, check=False
    )
    print(done.stdout)
    if done.returncode:
        sys.exit(f"The tour of README.md stopped with exit status {done.returncode}")
    return done.stdout


def lacking(said: str) -> list[str]:
    """What README.md promises and `said` does not hold, counted."""
    return [part for part in sorted(set(EXPECTED)) if said.count(part) < EXPECTED.count(part)]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(address: str) -> None:
    """Until `address` answers, 30 s at most."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{address} did not answer within 30 s")


if __name__ == "__main__":
    main()
