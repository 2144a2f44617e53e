"""An agent as a process of its own, with no database to reach: it probes, survives cuts and kills, and obeys tokens."""

import os
import signal
import socket
import threading
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest

from common import clock
from monitors.models import AgentToken, EngineRun, MonitorState, Region, RegionState, Result
from monitors.regions.agents import make_agent_token
from tests.journeys.watching import process, until, watch
from tests.targets import Target

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PATIENCE = 60


class Relay:
    """The network between agent and platform, which can be cut and mended."""

    def __init__(self, port):
        self._upstream = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open = set()
        self._start()

    def _start(self):
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._upstream))
                self._open |= {near, far}
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one, other):
        with suppress(OSError):
            while chunk := one.recv(65_536):
                other.sendall(chunk)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut(self):
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in list(self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self):
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._start()


@pytest.fixture
def relay(live_server):
    running = Relay(int(live_server.url.rpartition(":")[2]))
    yield running
    running.cut()


@pytest.fixture
def token(db):
    region = Region.objects.get_or_create(key="fra", defaults={"name": "Frankfurt"})[0]
    return make_agent_token(region=region, name="test", now=clock.now()).secret


@pytest.fixture
def agent(relay, token, tmp_path):
    """`agent(…)`: the command in a process whose database and broker cannot be reached."""

    @contextmanager
    def run(*more, secret=token, url=None):
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        env = kept | {
            "MODE": "production",
            "PROBE_ALLOW_PRIVATE": "true",
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "AGENT_TOKEN": secret,
        }
        command = ["manage.py", "probe_agent", "--url", url or f"http://127.0.0.1:{relay.port}", *more]
        with (tmp_path / "log").open("a") as log, process(*command, env=env, stdout=log, stderr=log) as running:
            running.log = tmp_path / "log"
            yield running

    return run


def checks(monitor):
    return Result.objects.filter(monitor=monitor).count()


def status(monitor):
    return MonitorState.objects.get(pk=monitor.pk).status


def test_it_probes_notices_an_outage_and_outlives_a_cut_and_a_kill(workspace, by_alice, agent, relay, tmp_path):
    with Target() as target:
        monitor = watch(
            workspace, by_alice, target.url("/x"), interval_seconds=1, regions=["fra"], fail_after_consecutive=1
        )
        with agent("--region", "fra") as running:
            until(lambda: checks(monitor) > 2, within=PATIENCE, what="checks of the agent")
            assert EngineRun.objects.get().is_remote
            target.behave("/x", "status/500")
            until(lambda: status(monitor) == "DOWN", within=PATIENCE, what="DOWN")
            target.behave("/x", "delay/700")
            until(lambda: status(monitor) == "OK", within=PATIENCE, what="OK")

            # What is under way when the line is cut ends on disk and arrives later.
            seen = len(target.requests)
            until(lambda: len(target.requests) > seen, within=PATIENCE, what="a check under way")
            relay.cut()
            until(lambda: list((tmp_path / "agent").glob("*.gz")), within=PATIENCE, what="results on disk")
            before = checks(monitor)
            running.kill()
            running.wait()
        relay.mend()
        with agent() as running:
            until(lambda: not list((tmp_path / "agent").glob("*.gz")), within=PATIENCE, what="the disk is empty")
            until(lambda: checks(monitor) > before + 2, within=PATIENCE, what="checks go on")
            assert EngineRun.objects.count() == 1, "the killed one's run was ended by its successor"
            running.send_signal(signal.SIGTERM)
            assert running.wait(30) == 0, running.log.read_text()
    assert not EngineRun.objects.exists()
    assert RegionState.objects.get(monitor=monitor).claimable_at <= clock.now() + timedelta(seconds=3)
    scheduled = list(Result.objects.filter(monitor=monitor).values_list("scheduled_at", flat=True))
    assert len(scheduled) == len(set(scheduled))


def test_a_token_that_is_wrong_or_of_another_region_ends_it_at_once(agent):
    for more, secret, says in (
        ((), {"secret": "wsa_" + "x" * 43}, "does not take the token"),
        (("--region", "sin"), {}, "of the region fra, not of sin"),
        ((), {"url": "http://platform.example"}, "secrets of monitors travel over https only"),
    ):
        with agent(*more, **secret) as running:
            assert running.wait(PATIENCE) == 1
            assert says in running.log.read_text()
    assert not EngineRun.objects.exists()


def test_a_token_that_is_disabled_later_ends_it_too(workspace, by_alice, agent):
    with Target() as target:
        monitor = watch(workspace, by_alice, target.url("/x"), regions=["fra"])
        with agent() as running:
            until(lambda: checks(monitor), within=PATIENCE, what="a check")
            AgentToken.objects.update(is_enabled=False)
            assert running.wait(PATIENCE) == 1
            assert "does not take the token" in running.log.read_text()


def test_it_waits_for_a_platform_that_is_not_there_yet(workspace, by_alice, agent, relay):
    relay.cut()
    with Target() as target:
        monitor = watch(workspace, by_alice, target.url("/x"), regions=["fra"])
        with agent() as running:
            until(lambda: "does not answer" in running.log.read_text(), within=PATIENCE, what=running.log)
            relay.mend()
            until(lambda: checks(monitor), within=PATIENCE, what="a check")
