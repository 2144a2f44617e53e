"""Many requests at once from one thread: each gets its own end, and none holds up or breaks another."""

import base64
import threading

import pytest

from alerts.sending import courier as courier_module
from alerts.sending.courier import Courier
from common.addresses import AddressPolicy
from common.outgoing import Answer, Exchange, OutgoingFailed, OutgoingRefused, Request
from tests.targets import Target, refusing_url

LOCAL = AddressPolicy(allow_private=True)
# A label this long cannot be asked for, so no name server hears of it.
NO_NAME = "x" * 64 + ".example"


@pytest.fixture(scope="module")
def target():
    with Target() as running:
        yield running


@pytest.fixture
def courier():
    made = Courier()
    yield made
    made.stop()


class Ends:
    """What came of each request, by its name, and the threads that said so."""

    def __init__(self, courier):
        self.found, self.threads, self._courier, self._came = {}, set(), courier, threading.Condition()

    def send(self, name, url, body=b"{}", *, timeout_seconds=5.0, policy=LOCAL):
        self._courier.send(
            Request("POST", url, {}, body, timeout_seconds, policy), lambda ended: self._take(name, ended)
        )

    def _take(self, name, ended):
        with self._came:
            assert name not in self.found, "it ended twice"
            self.found[name] = ended
            self.threads.add(threading.current_thread().name)
            self._came.notify_all()

    def wait(self, *names, seconds=5):
        with self._came:
            assert self._came.wait_for(lambda: set(names) <= set(self.found), seconds), set(names) - set(self.found)
        return [self.found[name] for name in names]


@pytest.fixture
def ends(courier):
    return Ends(courier)


def test_two_hundred_at_once_get_their_own_answers_from_one_thread(target, ends):
    for number in range(200):
        ends.send(number, target.url("/text/" + base64.urlsafe_b64encode(str(number).encode()).decode()))
    answers = ends.wait(*range(200), seconds=20)
    assert [answer.excerpt for answer in answers] == [str(number).encode() for number in range(200)]
    assert ends.threads == {"alerts-courier"}


def test_receivers_that_hang_hold_up_nobody(target, ends):
    for number in range(60):
        ends.send(number, target.url("/hang"), timeout_seconds=60)
    ends.send("good", target.url("/"))
    assert ends.wait("good")[0].status_code == 200
    assert set(ends.found) == {"good"}


def test_one_that_hangs_ends_with_its_time(target, ends):
    ends.send("slow", target.url("/hang"), timeout_seconds=0.2)
    (ended,) = ends.wait("slow")
    assert (type(ended), ended.failure_class) == (OutgoingFailed, "timeout")


def test_what_cannot_be_sent_ends_with_its_reason_and_ends_nothing_else(target, ends):
    ends.send("good", target.url("/"))
    ends.send("no url", "http://a b/")
    ends.send("no name", f"http://{NO_NAME}/")
    ends.send("private", target.url("/"), policy=AddressPolicy())
    with refusing_url() as url:
        ends.send("no port", url)
        good, no_url, no_port, no_name, private = ends.wait("good", "no url", "no port", "no name", "private")
    assert isinstance(good, Answer)
    assert isinstance(no_url, OutgoingRefused)
    assert (no_port.failure_class, no_name.failure_class) == ("refused", "dns")
    assert isinstance(private, OutgoingRefused)
    assert "loopback" in str(private)


def test_a_name_is_looked_up_and_judged_where_it_is_dialled(target, ends):
    ends.send("allowed", target.url("/", host="localhost"))
    ends.send("not allowed", target.url("/", host="localhost"), policy=AddressPolicy())
    allowed, not_allowed = ends.wait("allowed", "not allowed")
    assert allowed.status_code == 200
    assert isinstance(not_allowed, OutgoingRefused)


def test_a_look_up_without_an_answer_ends_with_its_time(target, ends, courier, monkeypatch):
    monkeypatch.setattr(courier._resolver, "ask", lambda *_: False)
    ends.send("name", "http://shop.example/", timeout_seconds=0.1)
    ends.send("address", target.url("/"))
    address, name = ends.wait("address", "name")
    assert address.status_code == 200
    assert name.failure_class == "dns"
    assert "in time" in name.detail


def test_a_request_that_breaks_our_code_breaks_no_other(target, ends, monkeypatch, caplog):
    def made(request):
        if request.body == b"poison":
            raise ValueError("poison")
        return Exchange(request)

    monkeypatch.setattr(courier_module, "Exchange", made)
    ends.send("hanging", target.url("/hang"), timeout_seconds=60)
    ends.send("poison", target.url("/"), b"poison")
    ends.send("good", target.url("/"))
    poison, good = ends.wait("poison", "good")
    assert isinstance(poison, OutgoingFailed)
    assert good.status_code == 200
    assert "hanging" not in ends.found
    assert "broke" in caplog.text


def test_a_loop_that_breaks_fails_what_is_under_way_and_goes_on(target, ends, courier, monkeypatch, caplog):
    def break_once():
        monkeypatch.undo()
        raise OSError("no epoll")

    ends.send("hanging", target.url("/hang"), timeout_seconds=60)
    ends.send("first", target.url("/"))
    ends.wait("first")
    monkeypatch.setattr(courier._transfers, "turn", break_once)
    ends.send("second", target.url("/"))
    hanging, _ = ends.wait("hanging", "second")
    assert isinstance(hanging, OutgoingFailed)
    ends.send("third", target.url("/"))
    assert ends.wait("third")[0].status_code == 200
    assert "starts again" in caplog.text


def test_a_stopped_courier_says_nothing_more(target, ends, courier):
    ends.send("hanging", target.url("/hang"), timeout_seconds=0.3)
    ends.send("first", target.url("/"))
    ends.wait("first")
    courier.stop()
    courier._thread.join(5)
    assert not courier._thread.is_alive()
    ends.send("late", target.url("/"))
    assert set(ends.found) == {"first"}
