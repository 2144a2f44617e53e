"""Reads of what was, from the history of statuses."""

from datetime import timedelta

import pytest

from monitors.figures import history
from monitors.models import StatusChange

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def was(monitor, *changes):
    before = "NEW"
    for at, after in changes:
        StatusChange.objects.create(monitor=monitor, at=at, before=before, after=after)
        before = after


def test_availability_of_a_day(make, now):
    monitor = make()
    was(monitor, (now - 24 * HOUR, "OK"), (now - 3 * HOUR, "DOWN"), (now - 2 * HOUR, "UNKNOWN"), (now - HOUR, "OK"))
    found = history.availability_of(monitor, since=now - 24 * HOUR, until=now, interval="hour")
    assert (found.total.up_seconds, found.total.down_seconds, found.total.unknown_seconds) == (79_200, 3600, 3600)
    assert found.total.availability == pytest.approx(22 / 23)
    assert (found.mttr_seconds, found.mtbf_seconds, len(found.buckets)) == (3600, 79_200, 24)


def test_the_status_at_the_beginning_is_the_last_one_before_it(make, now):
    monitor = make()
    was(monitor, (now - 50 * HOUR, "OK"), (now - 30 * HOUR, "DOWN"), (now - HOUR, "OK"))
    (down, up) = history.spans_of([monitor.pk], since=now - 2 * HOUR, until=now)[monitor.pk]
    assert (down.status, down.start, up.status, up.end) == ("DOWN", now - 2 * HOUR, "OK", now)


def test_before_its_first_change_nothing_was_seen(make, now):
    monitor = make()
    found = history.availability_of(monitor, since=now - 24 * HOUR, until=now)
    assert (found.total.availability, found.total.coverage, found.mttr_seconds) == (None, 0.0, None)


def test_two_changes_at_one_instant_count_in_their_order(make, now):
    monitor = make()
    was(monitor, (now - HOUR, "DOWN"), (now - HOUR, "OK"))
    assert [span.status for span in history.spans_of([monitor.pk], since=now - HOUR, until=now)[monitor.pk]] == ["OK"]


def test_today_ends_now(make, now):
    monitor = make()
    was(monitor, (now - 500 * HOUR, "OK"))
    days = history.uptime_days([monitor.pk], now=now, days=3)[monitor.pk]
    assert [day.coverage for day in days] == [1.0, 1.0, 1.0]
    assert days[-1].end == now


def test_many_monitors_cost_three_queries(make, now, django_assert_num_queries):
    ids = [make(name=f"M{number}").pk for number in range(6)]
    with django_assert_num_queries(3):
        history.uptime_days(ids, now=now)
