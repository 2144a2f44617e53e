"""Beat sends each entry of the schedule as often as it says."""

import time
from collections import Counter

from celery import Celery

from websignal.beat import FixedScheduler, every

MOST_SECONDS = 20.0


class Heard(FixedScheduler):
    def __init__(self, *args, **given):
        self.sent = Counter()
        super().__init__(*args, **given)

    def apply_entry(self, entry, producer=None):
        self.sent[entry.task] += 1


def test_each_entry_is_sent_as_often_as_it_says():
    app = Celery(broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {"often": every(0.1, "often"), "seldom": every(0.5, "seldom"), "never": every(60, "never")}
    scheduler, ends_at = Heard(app=app, max_interval=1), time.monotonic() + MOST_SECONDS
    while scheduler.sent["seldom"] < 2 and time.monotonic() < ends_at:
        time.sleep(max(0.0, min(scheduler.tick(), 0.05)))
    assert scheduler.sent["seldom"] == 2
    assert scheduler.sent["often"] > 2
    assert scheduler.sent["never"] == 0
