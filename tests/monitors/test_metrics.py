"""Checks are counted by what they found, skipped slots where they are found, queues where the broker has them."""

import json
from datetime import timedelta

import pytest
from django.conf import settings

from common import metrics
from common.models import MetricValue
from monitors.metrics import queues, scheduling
from monitors.models import Region, RegionState
from monitors.scheduling.claiming import claim_due
from monitors.scheduling.reference import OwnNetwork
from monitors.scheduling.store import DatabaseStore
from monitors.watched import WatchedCache
from tests.monitors.conftest import result_of


@pytest.fixture(autouse=True)
def _nothing_counted():
    metrics.forget()
    yield
    metrics.forget()


def counted(name):
    metrics.flush()
    rows = MetricValue.objects.filter(name=name).values_list("labels", "value")
    return {tuple(json.loads(labels).values()): value for labels, value in rows}


@pytest.mark.django_db(transaction=True)
def test_results_are_counted_by_type_region_and_verdict(make, now):
    monitor = make()
    store = DatabaseStore("default", OwnNetwork([]))
    store.record([result_of(monitor, now + timedelta(seconds=n), ok=n < 2, failure_class="dns") for n in range(3)])
    assert counted("checks_total") == {("default", "http", "ok"): 2, ("default", "http", "dns"): 1}
    assert sum(counted("scheduler_lag_seconds").values()) == 3
    store.close()


@pytest.mark.django_db
def test_skipped_slots_are_counted(make, now):
    make(interval_seconds=10, timeout_ms=5000)
    region = Region.objects.get().pk
    at = now.timestamp() + 3600
    claim_due(region_id=region, run_id=1, cache=WatchedCache(), now=at, until=at + 1, limit=10)
    assert counted("slots_skipped_total") == {(): RegionState.objects.get().skipped_slots}


@pytest.mark.django_db
def test_a_region_says_how_far_it_is_behind(make, now):
    make()
    said = {one.name: one.value for one in scheduling()}
    assert said["checks_overdue_seconds"] > 3600
    assert said["region_silent"] == 0


@pytest.mark.django_db
def test_each_queue_of_the_broker_has_its_length():
    found = {one.labels["queue"]: one.value for one in queues()}
    assert set(found) == ({"default", "probe.default"} if settings.REDIS_URL else set())
