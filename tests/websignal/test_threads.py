"""A thread that dies is started again, and the log says so."""

import threading
import time

import pytest

from websignal import threads
from websignal.threads import Supervised


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(threads, "RESTART_SECONDS", 0.01)


@pytest.mark.parametrize("death", [RuntimeError("a bug"), SystemExit(1), None])
def test_a_body_that_ends_is_run_again(death, caplog):
    runs, alive = [], threading.Event()

    def body():
        runs.append(1)
        if len(runs) < 3:
            if death is not None:
                raise death
            return
        alive.set()
        while not thread._stopping.wait(0.01):
            pass

    thread = Supervised("worker", body)
    thread.start()
    assert alive.wait(5)
    thread.stopping()
    assert thread.join(5)
    assert len(runs) == 3
    assert caplog.text.count("worker is started again") == 2
    assert caplog.text.count("worker died") == (2 if death else 0)


def test_nothing_is_started_again_once_it_stops():
    runs = []
    thread = Supervised("worker", lambda: runs.append(1))
    thread.stopping()
    thread.start()
    assert thread.join(5)
    time.sleep(0.05)
    assert runs == []
