"""What lists and Home read: latest changes, the last hour, counts with tags."""

from datetime import timedelta

import pytest

from common.clock import now as clock_now
from dashboard import selectors
from dashboard.charts import sparks
from monitors.models import MonitorState, Region, Result, Status, StatusChange
from monitors.services import pause

pytestmark = pytest.mark.django_db


def change(monitor, minutes_ago):
    """A change of status as it is stored: the row, and the state that it left."""
    at = clock_now() - timedelta(minutes=minutes_ago)
    MonitorState.objects.filter(pk=monitor.pk).update(status=Status.DOWN, status_since=at)
    return StatusChange.objects.create(monitor=monitor, at=at, before=Status.OK, after=Status.DOWN)


def latest(workspace, most):
    return selectors.latest_changes(workspace, most=most)


def test_latest_changes_are_the_newest_of_all_monitors(workspace, make_monitor):
    shop, till = make_monitor(), make_monitor("Till")
    first, second, third = change(shop, 9), change(till, 6), change(shop, 3)
    assert latest(workspace, 2) == [third, second]
    assert latest(workspace, 9) == [third, second, first]


def test_many_changed_monitors_are_cut_at_the_newest(workspace, make_monitor, monkeypatch):
    monkeypatch.setattr(selectors, "MOST_CHANGED", 3)
    changes = [change(make_monitor(f"Shop {minutes}"), minutes) for minutes in (8, 6, 4, 2)]
    assert latest(workspace, 2) == changes[:1:-1]


def test_monitors_made_paused_or_new_hide_no_change(workspace, make_monitor):
    one = change(make_monitor(), 5)
    for number in range(3):
        make_monitor(f"Paused {number}", paused=True)
        make_monitor(f"New {number}")
    assert latest(workspace, 2) == [one]


def test_another_workspaces_changes_are_not_there(workspace, make_monitor, charlie):
    change(make_monitor(), 5)
    assert latest(charlie.workspaces.get(), 9) == []


def test_counts_and_tags_are_those_of_one_list(workspace, make_monitor, make_heartbeat, by_alice):
    make_monitor("Shop", tags=["prod", "eu"])
    pause(monitor=make_monitor("Till", tags=["prod"]), by=by_alice, now=clock_now())
    make_monitor("Bare")
    make_heartbeat()
    counted, tags = selectors.counts_and_tags(workspace, heartbeats=False)
    assert (counted, tags) == ({"NEW": 2, "PAUSED": 1}, ["eu", "prod"])
    assert selectors.counts_and_tags(workspace, heartbeats=True) == ({"NEW": 1}, [])


def test_the_last_hour_is_the_mean_of_every_two_minutes(monitor):
    now, region = clock_now().replace(microsecond=0), Region.objects.get(key="default")
    seconds_ago = {3599: 10, 3590: 30, 300: 7, 290: 9, 0: 5, 3600: 1000}
    for ago, latency in seconds_ago.items():
        Result.objects.create(monitor=monitor, region=region, scheduled_at=now - timedelta(seconds=ago), lag_ms=0,
                              loop_lag_ms=0, ok=True, latency_ms=latency)  # fmt: skip
    Result.objects.create(monitor=monitor, region=region, scheduled_at=now - timedelta(minutes=30), lag_ms=0,
                          loop_lag_ms=0, ok=False, latency_ms=999)  # fmt: skip
    drawn = sparks([monitor.pk], now=now)[monitor.pk]
    assert [(place, mean) for place, mean in enumerate(drawn) if mean is not None] == [(0, 20), (27, 8), (29, 5)]
