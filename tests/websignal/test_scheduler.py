"""Beat sends each entry of the schedule as often as it says, and rests between."""

import time
from collections import Counter

import pytest
from celery import Celery

from websignal import scheduler as module
from websignal.beat import IN_ONE_PROCESS, SCHEDULE, every
from websignal.scheduler import SteadyScheduler

OFTEN, SELDOM, NEVER = 0.25, 1.0, 3600.0


class Heard(SteadyScheduler):
    def __init__(self, *args, **given):
        self.sent = Counter()
        super().__init__(*args, **given)

    def apply_entry(self, entry, producer=None):
        self.sent[entry.task] += 1


class Clock:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self):
        self.at = 1000.0

    def monotonic(self):
        return self.at


@pytest.fixture
def clock(monkeypatch):
    moved = Clock()
    monkeypatch.setattr(module, "time", moved)
    return moved


def scheduler_of(kind=Heard):
    app = Celery(broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {str(seconds): every(seconds, str(seconds)) for seconds in (OFTEN, SELDOM, NEVER)}
    return kind(app=app, max_interval=1)


def test_each_entry_is_sent_as_often_as_it_says_and_few_ticks_send_nothing(clock):
    beat, ticks = scheduler_of(), 0
    while clock.at <= 1010.0:
        clock.at += beat.tick()
        ticks += 1
    assert beat.sent == {str(OFTEN): 40, str(SELDOM): 10}
    assert ticks <= 50 + 45


def test_what_could_not_be_sent_in_time_is_left_out(clock):
    beat = scheduler_of()
    clock.at += 60.0
    while beat.tick() == 0.0:
        pass
    assert beat.sent == {str(OFTEN): 1, str(SELDOM): 1}
    assert beat.tick() == OFTEN


def test_a_tick_sends_a_message_that_a_worker_takes():
    beat = scheduler_of(SteadyScheduler)
    time.sleep(beat.tick())
    assert beat.tick() == 0.0
    with beat.app.connection_for_read() as connection:
        message = connection.default_channel.basic_get("celery")
    assert message.headers["task"] == str(OFTEN)


def test_one_process_does_all_that_many_do():
    assert SCHEDULE.keys() - IN_ONE_PROCESS.keys() == {"signals: find what is overdue"}
    assert IN_ONE_PROCESS.keys() <= SCHEDULE.keys()
