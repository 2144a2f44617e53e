"""The live stream of real servers: events of other processes, a stop that does not wait, Redis going away."""

import http.client
import json
import shutil
import subprocess
import time
from contextlib import contextmanager

import pytest

from signals import live
from tests.signals.servers import free_port, web
from tests.signals.stream.conftest import parse

pytestmark = pytest.mark.slow


@contextmanager
def listening(port, headers, path="/api/signals/sse"):
    """An open stream; yields a function that reads its next event that is one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    connection.request("GET", path, headers=dict(headers))
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()

    def event():
        lines = []
        while True:
            line = answer.readline().decode()
            if not line:
                return None
            if line.strip():
                lines.append(line)
            elif any(one.startswith("data: ") for one in lines):
                return parse("".join(lines))
            else:
                lines = []

    try:
        yield event
    finally:
        answer.close()
        connection.close()


def ping(port, path, body=""):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", path, body)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.mark.parametrize("kind", ["granian", "uvicorn"])
def test_pings_are_heard_and_the_server_stops_with_streams_open(bearer, heartbeat, transactional_db, tmp_path, kind):
    with web(tmp_path, kind, REDIS_URL="") as server, listening(server.port, bearer) as event:
        time.sleep(0.2)
        assert ping(server.port, f"/ping/{heartbeat.token}", '{"rows": 3}') == 200
        heard = [event()["data"], event()["data"]]
        assert {one["type"] for one in heard} == {"check", "signal"}
        signal = next(one for one in heard if one["type"] == "signal")
        assert signal["monitorId"] == heartbeat.pk
        assert signal["signal"]["payload"] == {"rows": 3}
        assert ping(server.port, f"/ping/{heartbeat.token}", "steady") == 200
        assert event()["data"]["signal"]["payload"] == "steady"
        assert server.stop() < 4
        assert event() is None


class Redis:
    """A Redis of its own, that can go away."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        command = [
            "redis-server",
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(self.folder),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        for _ in range(100):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
                connection.connect()
                connection.close()
                return
            except OSError:
                time.sleep(0.05)

    def stop(self):
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def own_redis(tmp_path):
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    redis = Redis(tmp_path)
    redis.start()
    yield redis
    redis.stop()


def test_processes_hear_each_other_also_after_redis_was_away(
    bearer, heartbeat, workspace, transactional_db, tmp_path, own_redis, settings
):
    settings.REDIS_URL = own_redis.url
    outlet = live.Live()
    with (
        web(tmp_path, REDIS_URL=own_redis.url) as one,
        web(tmp_path, REDIS_URL=own_redis.url) as other,
        listening(one.port, bearer) as event,
    ):
        time.sleep(2)
        assert ping(other.port, f"/ping/{heartbeat.token}", "first") == 200
        assert {event()["data"]["type"], event()["data"]["type"]} == {"check", "signal"}
        assert ping(other.port, f"/ping/{heartbeat.token}", "steady") == 200
        assert event()["data"]["signal"]["payload"] == "steady"

        own_redis.stop()
        assert ping(other.port, f"/ping/{heartbeat.token}/fail", "unheard") == 200
        time.sleep(0.5)
        own_redis.start()
        time.sleep(4)
        outlet.send([(workspace.pk, None, json.dumps({"type": "test", "id": 1}))])
        while (heard := event())["data"]["type"] != "test":
            """What was said while Redis was away may come or not."""
        assert heard["data"] == {"type": "test", "id": 1}

        outlet.send([(workspace.pk, None, json.dumps({"type": "test", "id": 2}))])
        with listening(other.port, [*bearer, ("Last-Event-ID", heard["id"])]) as late:
            assert late()["data"]["id"] == 2


def test_opens_are_counted_over_all_processes(bearer, transactional_db, tmp_path, own_redis, settings):
    with web(tmp_path, REDIS_URL=own_redis.url) as one, web(tmp_path, REDIS_URL=own_redis.url) as other:
        statuses = []
        for number in range(32):
            port = (one, other)[number % 2].port
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/api/signals/sse", headers=dict(bearer))
            statuses.append(connection.getresponse().status)
            connection.close()
    assert statuses == [200] * 30 + [429] * 2
