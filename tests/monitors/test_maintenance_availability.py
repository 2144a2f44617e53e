"""Maintenance leaves the availability: pure stretches, then through windows as they are stored."""

from datetime import timedelta

import pytest

from monitors.figures.availability import MAINTENANCE, Span, measure, without
from monitors.figures.history import availability_of, uptime_days
from monitors.grouping import create_group
from monitors.models import StatusChange
from monitors.planned.maintaining import create_window
from monitors.planned.windows import Period

MINUTE = timedelta(minutes=1)


def spans(now, *parts):
    return [Span(now + start * MINUTE, now + end * MINUTE, status) for start, end, status in parts]


@pytest.mark.parametrize(
    ("maintenance", "expected"),
    [
        ([], [(0, 10, "OK"), (10, 20, "DOWN")]),
        ([(2, 4)], [(0, 2, "OK"), (2, 4, MAINTENANCE), (4, 10, "OK"), (10, 20, "DOWN")]),
        ([(8, 12)], [(0, 8, "OK"), (8, 10, MAINTENANCE), (10, 12, MAINTENANCE), (12, 20, "DOWN")]),
        ([(-5, 50)], [(0, 10, MAINTENANCE), (10, 20, MAINTENANCE)]),
        (
            [(1, 2), (3, 4)],
            [(0, 1, "OK"), (1, 2, MAINTENANCE), (2, 3, "OK"), (3, 4, MAINTENANCE), (4, 10, "OK"), (10, 20, "DOWN")],
        ),
        ([(30, 40)], [(0, 10, "OK"), (10, 20, "DOWN")]),
    ],
)  # fmt: skip
def test_maintenance_is_cut_out_of_stretches(now, maintenance, expected):
    periods = [Period(now + start * MINUTE, now + end * MINUTE) for start, end in maintenance]
    assert without(spans(now, (0, 10, "OK"), (10, 20, "DOWN")), periods) == spans(now, *expected)


def test_maintenance_leaves_both_sides_of_the_fraction(now):
    bucket = measure(spans(now, (0, 6, "OK"), (6, 10, MAINTENANCE), (10, 12, "DOWN")), now, now + 12 * MINUTE)
    assert bucket.availability == 6 / 8
    assert bucket.coverage == 1
    assert bucket.maintenance_seconds == 240


@pytest.fixture
def down_for_an_hour(make, now):
    """Up for ten hours, down from the second to the third."""
    monitor = make()
    for hours, after in ((-10, "OK"), (-8, "DOWN"), (-7, "OK")):
        StatusChange.objects.create(monitor=monitor, at=now + timedelta(hours=hours), before="NEW", after=after)
    return monitor


def window(monitor, by, now, start, end, **fields):
    times = {"starts_at": now + timedelta(hours=start), "ends_at": now + timedelta(hours=end)}
    fields = {"name": "Move", "monitor_ids": [monitor.pk], **times, **fields}
    return create_window(workspace=monitor.workspace, by=by, now=now - timedelta(days=1), fields=fields)


def measured(monitor, now):
    return availability_of(monitor, since=now - timedelta(hours=10), until=now)


def test_downtime_in_a_window_is_none(down_for_an_hour, by_alice, now):
    assert measured(down_for_an_hour, now).total.availability == 0.9
    window(down_for_an_hour, by_alice, now, -8.5, -6.5)
    found = measured(down_for_an_hour, now)
    assert found.total.availability == 1
    assert found.total.coverage == 1
    assert found.total.maintenance_seconds == 2 * 3600
    assert found.downtimes == []


def test_a_window_in_the_middle_of_a_downtime_does_not_make_two_of_it(down_for_an_hour, by_alice, now):
    window(down_for_an_hour, by_alice, now, -7.75, -7.25)
    found = measured(down_for_an_hour, now)
    assert found.total.down_seconds == 1800
    assert len(found.downtimes) == 1


def test_a_group_s_window_covers_its_monitors(down_for_an_hour, by_alice, now):
    group = create_group(
        workspace=down_for_an_hour.workspace, by=by_alice, now=now,
        fields={"name": "Shop", "monitor_ids": [down_for_an_hour.pk]},
    )  # fmt: skip
    window(down_for_an_hour, by_alice, now, -8, -7, monitor_ids=[], service_group_id=group.pk)
    assert measured(down_for_an_hour, now).total.availability == 1


def test_the_queries_do_not_grow_with_monitors_or_windows(make, by_alice, now, django_assert_num_queries):
    monitors = [make(name=f"Shop {number}") for number in range(5)]
    for monitor in monitors:
        window(monitor, by_alice, now, -5, -4)
        window(monitor, by_alice, now, -3, -2, rrule="FREQ=DAILY")
    with django_assert_num_queries(4):
        uptime_days([one.pk for one in monitors], now=now)
