"""Metrics: for whoever has the token, added up over processes, in a form that Prometheus reads."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from common import metrics
from common.metrics import Sample, count, flush, observe
from common.models import MetricValue

TOKEN = "a-token-of-the-tests"


@pytest.fixture(autouse=True)
def _nothing_counted():
    metrics.forget()
    yield
    metrics.forget()


@pytest.fixture
def scrape(settings):
    """All samples by name and labels, as a Prometheus would read them."""
    settings.METRICS_TOKEN = TOKEN

    def read():
        answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200, answer.content
        found = text_string_to_metric_families(answer.content.decode())
        return {(one.name, *sorted(one.labels.items())): one.value for family in found for one in family.samples}

    return read


def test_without_the_token_nothing_is_said(db, settings):
    assert Client().get("/metrics").status_code == 404
    settings.METRICS_TOKEN = TOKEN
    assert Client().get("/metrics").status_code == 401
    for wrong in ("Bearer nope", f"Basic {TOKEN}", "Bearer é"):
        assert Client().get("/metrics", headers={"Authorization": wrong}).status_code == 401
    assert Client().post("/metrics").status_code == 405


def test_every_family_is_there_from_the_start(db, scrape):
    names = {name for name, *_ in scrape()}
    assert {"pings_total", "slots_skipped_total", "sweep_lag_seconds", "deliveries", "region_silent",
            "oldest_pending_delivery_seconds", "checks_overdue_seconds"} <= names  # fmt: skip


def test_counts_of_processes_are_added_and_outlive_them(db, scrape):
    labels = {"type": "http", "region": "default", "verdict": "ok"}
    for _ in range(3):
        count("checks_total", 5, **labels)
        flush()
    assert scrape()["checks_total", *sorted(labels.items())] == 15
    flush()
    assert MetricValue.objects.filter(name="checks_total").count() == 1


def test_a_histogram_is_cumulative(db, scrape):
    observe("scheduler_lag_seconds", [0.0004, 0.001, 0.3, 99.0], region="fra")
    flush()
    found = scrape()

    def bucket(edge):
        return found["scheduler_lag_seconds_bucket", ("le", edge), ("region", "fra")]

    assert [bucket(edge) for edge in ("0.001", "0.25", "0.5", "60.0", "+Inf")] == [2, 2, 3, 3, 4]
    assert found["scheduler_lag_seconds_count", ("region", "fra")] == 4
    assert found["scheduler_lag_seconds_sum", ("region", "fra")] == pytest.approx(99.3014)


def test_gauges_are_of_living_processes_summed_or_the_largest(db, scrape, monkeypatch):
    said = [
        Sample("checks_in_flight", {"region": "fra"}, 7),
        Sample("loop_lag_seconds", {"region": "fra"}, 0.2),
    ]
    monkeypatch.setitem(metrics.own_gauges._answers, "engine", lambda: said)
    flush()
    for name, value in (("checks_in_flight", 5), ("loop_lag_seconds", 0.5)):
        row = MetricValue.objects.get(name=name)
        row.pk, row.process, row.value = None, "other:1", value
        row.save()
    found = scrape()
    assert found["checks_in_flight", ("region", "fra")] == 12
    assert found["loop_lag_seconds", ("region", "fra")] == 0.5
    MetricValue.objects.filter(process="other:1").update(said_at=1.0)
    assert scrape()["checks_in_flight", ("region", "fra")] == 7
    flush()
    assert not MetricValue.objects.filter(process="other:1").exists()


def test_a_count_that_could_not_be_stored_is_stored_later(db, scrape, monkeypatch, caplog):
    count("pings_total", 3)
    monkeypatch.setattr(metrics, "_ADD", "nonsense")
    monkeypatch.setattr(metrics, "_flushed_at", float("-inf"))
    metrics.flush_sometimes()
    assert "added later" in caplog.text
    monkeypatch.undo()
    count("pings_total", 4)
    flush()
    assert MetricValue.objects.get(name="pings_total").value == 7


@pytest.mark.django_db(transaction=True)
def test_processes_that_add_at_the_same_moment_lose_nothing():
    barrier = threading.Barrier(4)

    def process(_):
        barrier.wait()
        try:
            for _ in range(10):
                for verdict in ("ok", "timeout", "dns"):
                    count("checks_total", 1, type="http", region="r", verdict=verdict)
                flush()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(process, range(4)))
    flush()
    assert set(MetricValue.objects.filter(name="checks_total").values_list("value", flat=True)) == {40.0}
