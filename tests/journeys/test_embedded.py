"""`manage.py run`, `worker` and `beat` as processes: they start, say what a person needs, and stop when told."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from tests.journeys.watching import process

POSTGRES = os.environ.get("DATABASE_URL", "")
REDIS = os.environ.get("REDIS_URL", "")
STOP_SECONDS = 3.0
LOGIN = re.compile(r"First login: (\S+)   password: (\S+)   \(shown once\)")


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def clean(folder, **more):
    """The environment of a person who has set nothing but `more`."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return kept | {"DATA_DIR": str(folder), "PORT": str(free_port())} | more


@contextmanager
def running(*command, env):
    """A command of the platform whose output goes to a file, so that it never waits for us to read it."""
    log = Path(env["DATA_DIR"]) / f"{command[0]}-{free_port()}.log"
    with log.open("w") as file, process("manage.py", *command, env=env, stdout=file, stderr=file) as started:
        started.log = log
        yield started


def answer(started, port, path, *, within=40.0):
    """The status with which a path is answered, once the process answers."""
    deadline = time.monotonic() + within
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answered:
                return answered.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            assert started.poll() is None, started.log.read_text()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def says(started, text, *, within=40.0):
    deadline = time.monotonic() + within
    while text not in started.log.read_text():
        assert started.poll() is None, started.log.read_text()
        assert time.monotonic() < deadline, started.log.read_text()
        time.sleep(0.05)


def stops(started, number):
    began = time.monotonic()
    started.send_signal(number)
    code = started.wait(10)
    took = time.monotonic() - began
    output = started.log.read_text()
    assert code == 0, output
    assert took < STOP_SECONDS, output
    assert "Traceback" not in output


def test_first_start_shows_a_login_once_and_either_signal_stops_it(tmp_path):
    env = clean(tmp_path)
    with running("run", env=env) as first:
        assert answer(first, env["PORT"], "/health") == 200
        assert answer(first, env["PORT"], "/") == 200
        says(first, "Engine of region default is checking")
        stops(first, signal.SIGINT)
    assert LOGIN.search(first.log.read_text())[1] == "admin@example.com"
    with running("run", env=env) as second:
        assert answer(second, env["PORT"], "/health") == 200
        stops(second, signal.SIGTERM)
    assert "password" not in second.log.read_text()


def test_a_port_that_is_taken_is_said_and_costs_no_login(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        env = clean(tmp_path, PORT=str(taken.getsockname()[1]))
        with running("run", env=env) as refused:
            assert refused.wait(40) != 0
    said = refused.log.read_text()
    assert f"Cannot listen on 127.0.0.1:{env['PORT']}" in said
    assert "set PORT or HOST" in said
    assert "Traceback" not in said
    assert "password" not in said


@pytest.fixture
def both(tmp_path):
    """A database of its own on PostgreSQL, and a Redis that is emptied."""
    if not POSTGRES.startswith("postgres") or not REDIS:
        pytest.skip("needs DATABASE_URL (PostgreSQL) and REDIS_URL")
    server, name = POSTGRES.rsplit("/", 1)
    name = f"{name}_journey_{os.getpid()}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as database:
        database.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        database.execute(f'CREATE DATABASE "{name}"')
    yield clean(tmp_path, DATABASE_URL=f"{server}/{name}", REDIS_URL=REDIS)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as database:
        database.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    with redis.from_url(REDIS) as broker:
        broker.delete("default", "probe.default")


def test_it_runs_on_postgresql_and_redis(both):
    with running("run", env=both) as started:
        assert answer(started, both["PORT"], "/health") == 200
        says(started, "Engine of region default is checking")
        stops(started, signal.SIGTERM)
    assert LOGIN.search(started.log.read_text())


def test_a_worker_checks_and_stops(both):
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=Path(__file__).parents[2],
        env=both,
        check=True,
    )
    with running("worker", env=both) as worker:
        says(worker, "Engine of region default is checking")
        stops(worker, signal.SIGTERM)
    with psycopg.connect(both["DATABASE_URL"]) as database:
        assert database.execute("SELECT count(*) FROM monitors_enginerun").fetchone() == (0,)
        assert database.execute("SELECT last_seen_at FROM monitors_region").fetchone()[0] is not None


def test_a_second_beat_stands_by_until_the_first_is_killed(both):
    with running("beat", env=both) as first, running("beat", env=both) as second:
        deadline = time.monotonic() + 30
        while len(started := [one for one in (first, second) if "This process is beat" in one.log.read_text()]) < 1:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        active = started[0]
        other = second if active is first else first
        says(other, "standing by")
        active.kill()
        says(other, "This process is beat", within=10)
        stops(other, signal.SIGTERM)


@pytest.mark.parametrize("command", ["worker", "beat"])
def test_a_process_of_its_own_without_redis_says_what_to_do(tmp_path, command):
    with running(command, env=clean(tmp_path)) as refused:
        assert refused.wait(40) != 0
    assert "needs REDIS_URL" in refused.log.read_text()
    assert "Traceback" not in refused.log.read_text()
