"""The web process is killed in the middle of pings: what it acknowledged is stored, and has its effect."""

import http.client
import threading
import time
from contextlib import closing

import pytest

from common import clock
from signals.models import Signal
from signals.sweep import sweep
from tests.signals.conftest import state_of, status_of
from tests.signals.servers import web

pytestmark = pytest.mark.slow

CLIENTS = 8


class Pinger(threading.Thread):
    """Sends pings that all differ, as fast as they are answered, until nobody answers."""

    def __init__(self, port, number, heartbeats):
        super().__init__()
        self.port, self.number, self.heartbeats = port, number, heartbeats
        self.acknowledged = set()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with closing(connection):
            self.ping_on(connection)

    def ping_on(self, connection):
        for count in range(1_000_000):
            heartbeat = self.heartbeats[count % len(self.heartbeats)]
            said = ("", "", "/fail", "/start", "")[(count // len(self.heartbeats)) % 5]
            body = f"{self.number} {count}"
            try:
                connection.request("POST", f"/api/signals/ping/{heartbeat.token}{said}", body)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                return
            if answer.status == 200:
                self.acknowledged.add(body)


def test_nothing_acknowledged_is_lost_when_the_web_process_is_killed(transactional_db, make_heartbeat, tmp_path):
    heartbeats = [make_heartbeat(name=f"job {number}") for number in range(10)]
    with web(tmp_path) as server:
        pingers = [Pinger(server.port, number, heartbeats) for number in range(CLIENTS)]
        for one in pingers:
            one.start()
        wait_for(lambda: sum(len(one.acknowledged) for one in pingers) > 300)
        server.kill()
        for one in pingers:
            one.join(15)
    acknowledged = set().union(*[one.acknowledged for one in pingers])
    stored = set(Signal.objects.exclude(method="").values_list("payload", flat=True))
    assert len(acknowledged) > 300
    assert acknowledged <= stored
    with web(tmp_path):
        sweep(now=clock.now())
        for one in heartbeats:
            last = Signal.objects.filter(heartbeat=one, type__in=["SUCCESS", "FAIL"]).latest("id")
            assert status_of(one) == ("OK" if last.type == "SUCCESS" else "DOWN")
            assert state_of(one).settled_signal_id >= last.pk


@pytest.mark.parametrize("kind", ["granian", "uvicorn"])
def test_a_stopped_web_process_answers_and_settles_what_it_has(transactional_db, make_heartbeat, tmp_path, kind):
    heartbeats = [make_heartbeat(name=f"job {number}") for number in range(5)]
    with web(tmp_path, kind) as server:
        pingers = [Pinger(server.port, number, heartbeats) for number in range(3)]
        for one in pingers:
            one.start()
        wait_for(lambda: sum(len(one.acknowledged) for one in pingers) > 60)
        assert server.stop() < 5
        for one in pingers:
            one.join(15)
    acknowledged = set().union(*[one.acknowledged for one in pingers])
    stored = set(Signal.objects.values_list("payload", flat=True))
    assert acknowledged <= stored
    for one in heartbeats:
        last = Signal.objects.filter(heartbeat=one, type__in=["SUCCESS", "FAIL"]).latest("id")
        assert state_of(one).settled_signal_id >= last.pk, server.log.read_text()


def wait_for(condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)
