"""Work in small steps: it ends when its time is over, and rests in proportion to what a step took."""

import pytest

from common import pace
from common.pace import Pace


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only where somebody works or sleeps; `clock.works(seconds)`."""

    class Clock:
        now, slept = 100.0, 0.0

        def works(self, seconds):
            self.now += seconds

        def sleep(self, seconds):
            self.slept += seconds
            self.now += seconds

        def monotonic(self):
            return self.now

    made = Clock()
    monkeypatch.setattr(pace, "time", made)
    return made


def test_it_rests_so_many_times_as_long_as_it_worked(clock):
    gentle = Pace(rest=3, _began=clock.now, _step_began=clock.now)
    for seconds in (0.5, 2.0):
        clock.works(seconds)
        assert gentle.goes_on()
    assert clock.slept == 7.5


def test_it_ends_when_its_time_is_over(clock):
    short = Pace(rest=1, seconds=4, _began=clock.now, _step_began=clock.now)
    steps = 0
    while short.goes_on():
        clock.works(1)
        steps += 1
    assert steps == 3
