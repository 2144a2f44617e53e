"""A plan shows as many days of what was seen as it has; what lies before stays as long as the platform keeps it."""

from datetime import timedelta

import pytest

from accounts.actor import SYSTEM
from billing.models import Plan, Subscription
from common.clock import now as clock_now
from monitors.figures import history
from monitors.figures.latency import latency
from monitors.models import Region, Result, StatusChange
from monitors.services import create_monitor
from signals.models import Signal
from tests.api.conftest import Caller

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def api(alice, token_of):
    return Caller(token_of(alice))


@pytest.fixture
def seen(workspace):
    """A monitor that was up 20 days, down for the day before that, and checked every day."""
    now = clock_now()
    region = Region.objects.get_or_create(key="default", defaults={"name": "Here"})[0]
    fields = {"name": "Shop", "type": "http", "settings": {"url": "https://shop.example/"}}
    monitor = create_monitor(workspace=workspace, by=SYSTEM, now=now - 22 * DAY, fields=fields)
    for at, before, after in ((21, "NEW", "DOWN"), (20, "DOWN", "OK")):
        StatusChange.objects.create(monitor=monitor, at=now - at * DAY, before=before, after=after)
    Result.objects.bulk_create(
        Result(monitor=monitor, region=region, scheduled_at=now - days * DAY - timedelta(minutes=1), ok=days < 20,
               latency_ms=50.0, lag_ms=0, loop_lag_ms=0)
        for days in range(22)
    )  # fmt: skip
    return monitor


def shown_days(days):
    """Results that were shown, by how old they may be: whole days (UTC), so that the day cut through is shown."""
    return {days, days + 1}


def test_results_older_than_the_plans_days_are_not_shown(api, plans, seen):
    Plan.objects.filter(code="FREE").update(retention_days=7)
    found = api.get(f"/api/monitors/{seen.pk}/results?limit=100").json()["items"]
    assert len(found) in shown_days(7)
    assert Result.objects.filter(monitor=seen).count() == 22, "nothing is deleted"


def test_figures_are_as_if_nobody_had_looked_before(api, plans, seen):
    Plan.objects.filter(code="FREE").update(retention_days=7)
    asked = f"/api/monitors/{seen.pk}/availability?startDate={(clock_now() - 21 * DAY).date()}"
    found = api.get(asked).json()
    assert (found["availability"], found["downtimeSeconds"], found["incidentCount"]) == (1.0, 0, 0)
    assert 0.3 < found["coverage"] < 0.4
    assert sum(one["coverage"] > 0 for one in found["buckets"]) == 8
    days = history.uptime_days([seen.pk], now=clock_now(), days=30)[seen.pk]
    assert sum(day.coverage > 0 for day in days) == 8


def test_who_takes_a_larger_plan_sees_what_was_there_all_along(api, plans, seen, workspace):
    Plan.objects.filter(code="FREE").update(retention_days=7)
    Subscription.objects.create(workspace=workspace, plan=plans["TEAM"], status="active")
    assert len(api.get(f"/api/monitors/{seen.pk}/results?limit=100").json()["items"]) == 22
    found = api.get(f"/api/monitors/{seen.pk}/availability").json()
    assert (found["incidentCount"], found["downtimeSeconds"]) == (1, DAY.total_seconds())


def test_a_latency_counts_the_checks_that_are_shown(plans, seen):
    now = clock_now()
    whole = latency(seen, since=now - 21 * DAY, until=now, now=now)
    Plan.objects.filter(code="FREE").update(retention_days=0)
    today = latency(seen, since=now - 21 * DAY, until=now, now=now)
    before = latency(seen, since=now - 21 * DAY, until=now - 2 * DAY, now=now)
    assert before.total.count == 0
    assert today.total.count <= 1
    assert whole.total.count >= today.total.count


def test_signals_older_than_the_plans_days_are_not_shown(api, plans, workspace):
    now = clock_now()
    Region.objects.get_or_create(key="default", defaults={"name": "Here"})
    schedule = {"kind": "interval", "interval_seconds": 3600}
    fields = {"name": "Backup", "type": "heartbeat", "settings": {"schedule": schedule}}
    heartbeat = create_monitor(workspace=workspace, by=SYSTEM, now=now, fields=fields).heartbeat
    Signal.objects.bulk_create(
        Signal(heartbeat=heartbeat, type="SUCCESS", created_at=now - days * DAY) for days in range(22)
    )
    Plan.objects.filter(code="FREE").update(retention_days=7)
    assert api.get(f"/api/signals/token/{heartbeat.token}").json()["total"] in shown_days(7)
    Plan.objects.filter(code="FREE").update(retention_days=None)
    assert api.get(f"/api/signals/token/{heartbeat.token}").json()["total"] == 22


def test_without_billing_it_costs_no_query(seen, queries_of):
    now = clock_now()
    asked = {"since": now - DAY, "until": now, "now": now}
    assert queries_of(lambda: history.spans_of([seen.pk], **asked)) == 3
