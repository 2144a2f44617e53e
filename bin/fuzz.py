"""Sends the running API what its own OpenAPI document allows and what it forbids, and fails on any answer not in it.

FUZZ_EXAMPLES (20) cases an operation beside the edges of its schema, FUZZ_SEED (1) repeats a run. On a SQLite file of
its own, or on DATABASE_URL and REDIS_URL where they are set; that database keeps what was made in it.
"""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "bin/fuzzing"
START_SECONDS = 60


class Credentials(NamedTuple):
    """Whom the fuzzer acts as: a token that may everything, and the ids that it must leave alone."""

    token: str
    token_id: int
    user_id: int


def main() -> None:
    """Exits with 0 when every answer was as the document says."""
    examples, seed = int(os.environ.get("FUZZ_EXAMPLES", "20")), int(os.environ.get("FUZZ_SEED", "1"))
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATA_DIR", folder)
        credentials = prepare()
        with serving(Path(folder), {}) as url:
            code = fuzz(url, credentials, examples=examples, seed=seed)
    print(f"\nSeed {seed}, {examples} examples: repeat with FUZZ_SEED={seed} FUZZ_EXAMPLES={examples} make fuzz")
    sys.exit(code)


def prepare() -> Credentials:
    """A migrated database with a person to act as."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "websignal.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    return somebody()


def somebody() -> Credentials:
    """A new person with a workspace and a token with every scope."""
    from accounts import services
    from accounts.actor import SYSTEM
    from accounts.scopes import SCOPES

    name = f"fuzzer-{secrets.token_hex(4)}"
    user = services.create_user(email=f"{name}@example.org", password=secrets.token_hex(16), name=name, by=SYSTEM)
    made = services.create_token(user=user, workspace=user.workspaces.get(), name=name, scopes=list(SCOPES), by=SYSTEM)
    return Credentials(made.secret, made.token.pk, user.pk)


@contextmanager
def serving(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """The address of a web process that reaches nobody, ended afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--host", "127.0.0.1"]
    paths = os.pathsep.join((str(ROOT), str(HERE)))
    # A refusal for being too fast would stand for any other.
    own = {"LOG_LEVEL": "ERROR", "API_RATE_PER_SECOND": "1000000", "PYTHONPATH": paths, "PYTHONWARNINGS": "ignore"}
    settings = {**os.environ, **own, **environment}
    log = folder / "fuzzed.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--port", str(port), "confined:application"],
            cwd=ROOT,
            env=settings,
            stdout=output,
            stderr=output,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
        print(log.read_text()[-20_000:])


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start")


def fuzz(url: str, credentials: Credentials, *, examples: int, seed: int, options: tuple[str, ...] = ()) -> int:
    """The exit status of the fuzzer: 0 when all checks hold."""
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "--no-color",
        "--config-file", str(HERE / "schemathesis.toml"), "run", f"{url}/openapi.json", "--checks", "all",
        "--max-examples", str(examples), "--seed", str(seed),
        "--header", f"Authorization: Bearer {credentials.token}", *options,
    ]  # fmt: skip
    ours = {"FUZZ_TOKEN_ID": str(credentials.token_id), "FUZZ_USER_ID": str(credentials.user_id)}
    return subprocess.run(command, cwd=HERE, env=os.environ | ours, check=False).returncode


if __name__ == "__main__":
    main()
