"""Rollups and the raw tail: every check counts once, wherever the mark stands, and late ones too."""

import random
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from common.pace import Pace
from monitors.figures.history import availability_of
from monitors.figures.latency import latency
from monitors.models import DailyRollup, HourlyRollup, LateHour, Region, Result, RollupMark
from monitors.rollups import rolling as rollups
from monitors.rollups import summaries
from monitors.rollups.counting import summarise
from monitors.rollups.summaries import Summary

pytestmark = pytest.mark.django_db
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def checked(now):
    """`checked(monitor, minutes, …)`: raw results so many minutes before `now`; every fifth failed."""

    def make(monitor, minutes, regions=("default",)):
        chance = random.Random(len(minutes))
        rows = [
            Result(
                monitor=monitor, region=Region.objects.get(key=key), scheduled_at=now - ago * MINUTE, lag_ms=0,
                loop_lag_ms=0, ok=number % 5 > 0, latency_ms=chance.lognormvariate(4, 0.5), dns_ms=1.5, connect_ms=2,
            )
            for key in regions
            for number, ago in enumerate(minutes)
        ]  # fmt: skip
        Result.objects.bulk_create(rows)
        return rows

    return make


def counts(monitor, now, since=3 * DAY, interval="day"):
    found = availability_of(monitor, since=now - since, until=now, interval=interval, now=now)
    return found.total.checks, found.total.failures


def test_rolled_up_and_raw_together_are_every_check_once(make, checked, now):
    monitor, now = make(regions=2), now + 25 * MINUTE
    rows = checked(monitor, range(-20, 3 * 24 * 60, 7), regions=("default", "r2"))
    rows = [one for one in rows if now - 2 * DAY <= one.scheduled_at < now]
    while rollups.roll_up(now=now):
        pass
    for since in (2 * DAY, 26 * HOUR + 13 * MINUTE, 90 * MINUTE, 5 * MINUTE):
        for interval in ("hour", "day", "month"):
            inside = [one for one in rows if one.scheduled_at >= now - since]
            assert counts(monitor, now, since, interval) == (len(inside), sum(not one.ok for one in inside)), since


@pytest.mark.parametrize("behind", [0, 1])
def test_wherever_the_mark_stands_within_two_hours_nothing_is_lost(make, checked, now, behind):
    monitor, now = make(), now + 5 * MINUTE
    rows = checked(monitor, range(0, 6 * 60, 3))
    rollups.roll_up(now=now - behind * HOUR)
    inside = [one for one in rows if one.scheduled_at >= now - 6 * HOUR]
    assert counts(monitor, now, 6 * HOUR, "hour") == (len(inside), sum(not one.ok for one in inside))


def test_rolling_up_again_changes_nothing(make, checked, now):
    monitor = make()
    checked(monitor, range(0, 2 * 24 * 60, 30))
    rollups.roll_up(now=now)
    before = (counts(monitor, now), list(DailyRollup.objects.values_list("day", "checks")))
    assert rollups.roll_up(now=now) == 0
    assert rollups.backfill(since=now - 2 * DAY, until=now, now=now) == 47
    assert (counts(monitor, now), list(DailyRollup.objects.values_list("day", "checks"))) == before


def test_a_rolling_up_that_dies_leaves_the_hour_to_the_next_one(make, checked, now, monkeypatch):
    monitor = make()
    rows = checked(monitor, range(1, 5 * 60))

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RollupMark, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            rollups.roll_up(now=now)
    assert not HourlyRollup.objects.exists()
    rollups.roll_up(now=now)
    assert counts(monitor, now, DAY) == (len(rows), sum(not one.ok for one in rows))


def test_late_results_are_rolled_up_too(make, see, now):
    monitor = make()
    see(monitor, 0)
    see(monitor, 60)
    rollups.roll_up(now=now + 30 * HOUR)
    assert DailyRollup.objects.get().checks == 2
    see(monitor, 120, recorded_at=now + 30 * HOUR)
    assert LateHour.objects.get().hour == now
    assert rollups.roll_up(now=now + 30 * HOUR) == 0
    assert not LateHour.objects.exists()
    assert DailyRollup.objects.get().checks == 3
    assert counts(monitor, now + 30 * HOUR) == (3, 0)


def test_results_in_time_are_not_late(make, see, now):
    see(make(), 60)
    assert not LateHour.objects.exists()


def test_latency_is_that_of_the_good_checks(make, checked, now):
    monitor = make(regions=2)
    good = [one for one in checked(monitor, range(1, 3 * 24 * 60, 5), regions=("default", "r2")) if one.ok]
    while rollups.roll_up(now=now):
        pass
    found = latency(monitor, since=now - 3 * DAY, until=now, now=now)
    exact = sorted(one.latency_ms for one in good)
    assert found.total.count == len(good)
    assert found.total.percentiles(0.5)[0] == pytest.approx(exact[len(exact) // 2], rel=0.02)
    assert found.total.min_ms == pytest.approx(exact[0], rel=1e-4)
    assert found.total.max_ms == pytest.approx(exact[-1], rel=1e-4)
    assert found.total.phases_ms["dns"] == 1.5
    assert len(found.regions) == 2
    only = latency(monitor, since=now - 3 * DAY, until=now, now=now, region=Region.objects.get(key="r2"))
    assert only.total == found.regions[Region.objects.get(key="r2").pk]
    assert sum(one.summary.count for one in only.buckets) == only.total.count


def test_a_read_costs_four_queries(make, checked, now, django_assert_num_queries):
    monitor = make()
    checked(monitor, range(1, 3 * 24 * 60, 60))
    rollups.roll_up(now=now)
    with django_assert_num_queries(4):
        latency(monitor, since=now - 40 * HOUR + MINUTE, until=now, now=now)


def test_hours_end_with_their_retention_and_days_stay(make, checked, now, settings):
    settings.HOURLY_RETENTION_DAYS = 100
    monitor = make()
    rows = checked(monitor, range(1, 2 * 24 * 60, 60))
    rollups.roll_up(now=now)
    later = now + 110 * DAY
    Result.objects.all().delete()
    assert rollups.drop_old_hours(now=later) == 3
    days = DailyRollup.objects.count()
    assert days == 2
    found = availability_of(monitor, since=later - 130 * DAY, until=later, now=later)
    rolled = [one for one in rows if one.scheduled_at < now.replace(hour=0)]
    assert found.total.checks == len(rolled)


def test_packed_hours_hold_what_raw_results_say(make, checked, now):
    monitor = make()
    checked(monitor, range(1, 60))
    rollups.roll_up(now=now + 5 * MINUTE)
    (raw,) = summarise(now - HOUR, now).values()
    packed = summaries.unpack_hours(bytes(HourlyRollup.objects.get().hours))
    if connection.vendor == "sqlite":
        assert packed == {11: raw}
    assert packed[11].checks == raw.checks == 59


def test_the_command_rolls_a_period_up_again(make, checked, capsys):
    checked(make(), range(1, 60))
    call_command("roll_up", since="2026-03-01")
    assert "hours are rolled up again" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no date"):
        call_command("roll_up", until="yesterday")


@pytest.fixture
def by_two(monkeypatch):
    monkeypatch.setattr(rollups, "MONITORS_AT_ONCE", 2)


def stored_days():
    return {one.monitor_id: one.checks for one in DailyRollup.objects.all()}


def test_monitors_are_rolled_up_in_slices_and_each_is_whole(make, checked, now, by_two):
    monitors = [make(name=f"M{number}") for number in range(5)]
    for number, monitor in enumerate(monitors):
        checked(monitor, range(1, 60 * 20, 5 + number))
    wanted = {monitor.pk: len([at for at in range(1, 60 * 20, 5 + number) if at > 60 * 12])
              for number, monitor in enumerate(monitors)}  # fmt: skip
    assert rollups.roll_up(now=now + 20 * MINUTE) == 20
    assert stored_days() == wanted


class Ended(Pace):
    """Lets so many slices pass."""

    def goes_on(self):
        self.seconds -= 1
        return self.seconds >= 0


def test_an_hour_that_is_left_in_the_middle_is_not_read_and_goes_on_where_it_was(make, checked, now, by_two):
    monitors = [make(name=f"M{number}") for number in range(5)]
    for monitor in monitors:
        checked(monitor, range(1, 60))
    later, whole = now + 5 * MINUTE, 59
    assert rollups.roll_up(now=later, pace=Ended(seconds=2)) == 0
    assert {one.monitor_id for one in HourlyRollup.objects.all()} == {one.pk for one in monitors[:4]}
    assert [counts(one, later, 2 * HOUR, "hour") for one in monitors] == [(whole, 12)] * 5
    assert rollups.roll_up(now=later) == 1
    assert HourlyRollup.objects.count() == 5
    assert [counts(one, later, 2 * HOUR, "hour") for one in monitors] == [(whole, 12)] * 5


def test_a_result_that_comes_late_for_an_hour_half_rolled_up_is_in_it(make, see, now, by_two):
    monitors = [make(name=f"M{number}") for number in range(3)]
    for monitor in monitors:
        see(monitor, 60)
    later = now + HOUR + 5 * MINUTE
    rollups.roll_up(now=later, pace=Ended(seconds=1))
    for monitor in monitors:
        see(monitor, 120, recorded_at=later)
    while rollups.roll_up(now=later):
        pass
    assert not LateHour.objects.exists()
    for packed in HourlyRollup.objects.all():
        assert summaries.unpack_hours(bytes(packed.hours))[12].checks == 2
    assert HourlyRollup.objects.count() == 3


def test_the_database_counts_as_the_code_does(make, checked, now):
    """Of durations that a column of the database can hold; then nothing is rounded on the way."""
    monitors = [make(name=f"M{number}", regions=2) for number in range(3)]
    for number, monitor in enumerate(monitors):
        checked(monitor, range(1, 55, 1 + number), regions=("default", "r2"))
    chance, wanted = random.Random(7), {}
    for row in Result.objects.all():
        row.latency_ms = chance.choice([None, 0.0, 2**-11, 2**-9, 0.125, 7.5, 900.25, 8000.0, 65536.5])
        row.first_byte_ms = chance.choice([None, 0.0, 3.25])
        row.save()
        phases = (row.dns_ms, row.connect_ms, row.tls_ms, row.first_byte_ms, row.transfer_ms)
        wanted.setdefault((row.monitor_id, row.region_id), Summary()).add(row.ok, row.latency_ms, phases)
    assert summarise(now - HOUR, now) == wanted
    only = monitors[1].pk
    assert summarise(now - HOUR, now, [only]) == {key: one for key, one in wanted.items() if key[0] == only}
    assert summarise(now - HOUR, now, []) == {}
