"""The loop's resolver: the hosts file, real answers over UDP, the cache's limits, and failures."""

import socket
import struct
import threading
import time

import pytest

from monitors.engine import resolver as module
from monitors.engine.poller import Poller
from monitors.engine.resolver import Resolver

NO_SUCH_NAME, FINE = 3, 0


class NameServer:
    """Answers A questions with one address, everything else with nothing."""

    def __init__(self):
        self.asked = 0
        self.address = "192.0.2.7"
        self.ttl = 60
        self.code = FINE
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.name = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                question, sender = self._socket.recvfrom(512)
            except OSError:
                return
            if question:
                self._socket.sendto(self._answer(question), sender)

    def _answer(self, question):
        end = question.index(b"\0", 12) + 5
        is_a = question[end - 4 : end - 2] == b"\0\1" and self.code == FINE
        self.asked += is_a
        head = question[:2] + struct.pack(">HHHHH", 0x8180 | self.code, 1, int(is_a), 0, 0)
        record = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", self.ttl, 4) + socket.inet_aton(self.address)
        return head + question[12:end] + (record if is_a else b"")

    def close(self):
        self._socket.close()


@pytest.fixture
def server():
    running = NameServer()
    yield running
    running.close()


@pytest.fixture
def ask(server):
    """Ask in a small loop of its own and wait for the answer."""
    poller = Poller()
    resolver = Resolver(poller, [server.name])

    def question(host, ip_version=4, **more):
        answers = []
        resolver.ask(host, ip_version, answers.append, **more)
        ends = time.monotonic() + 10
        while not answers and time.monotonic() < ends:
            poller.wait(min(max(resolver.wanted_at - time.monotonic(), 0), 1))
            resolver.turn()
        return answers[0]

    question.resolver, question.poller = resolver, poller
    yield question
    resolver.close()
    poller.close()


def test_localhost_needs_no_name_server(ask, server):
    assert ask("localhost") == ("127.0.0.1",)
    assert "127.0.0.1" in ask("localhost", None)
    assert server.asked == 0


def test_a_name_is_asked_for_once_and_remembered(ask, server):
    assert ask("a.example") == ("192.0.2.7",)
    server.address = "192.0.2.8"
    assert ask("a.example") == ("192.0.2.7",)
    assert server.asked == 1


def test_questions_at_the_same_time_share_one_look_up(ask, server):
    answers = []
    for _ in range(5):
        ask.resolver.ask("shared.example", 4, answers.append)
    ask("shared.example")
    assert answers == [("192.0.2.7",)] * 5
    assert server.asked == 1


@pytest.mark.parametrize(("ttl", "kept"), [(0, 5), (1, 5), (60, 60), (86_400, 300)])
def test_an_answer_is_kept_for_its_ttl_within_limits(ask, server, ttl, kept):
    server.ttl = ttl
    ask("b.example")
    until = ask.resolver._known[("b.example", 4)].until
    assert until - time.monotonic() == pytest.approx(kept, abs=2)


def test_an_unknown_name_says_so_and_is_asked_again(ask, server):
    server.code = NO_SUCH_NAME
    assert ask("c.example") == "The name c.example could not be resolved: domain name not found."
    server.code = FINE
    # c-ares remembers the refusal for as long as the zone's SOA allows, here: not at all.
    assert ask("c.example") == ("192.0.2.7",)


def test_nothing_outlives_the_longest_ttl_in_the_cache_of_c_ares_either(ask, server, monkeypatch):
    server.ttl = 86_400
    ask("d.example")
    server.address = "192.0.2.9"
    monkeypatch.setattr(module, "MOST_TTL", -1.0)
    ends = time.monotonic() + 10
    # c-ares empties its cache in a thread of its own.
    while ask("d.example", fresh=True) != ("192.0.2.9",):
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_a_fresh_question_ignores_what_is_known(ask, server):
    ask("e.example")
    ask.resolver._known["e.example", 4] = ask.resolver._known["e.example", 4]._replace(addresses=("192.0.2.66",))
    assert ask("e.example") == ("192.0.2.66",)
    assert ask("e.example", fresh=True) == ("192.0.2.7",)
