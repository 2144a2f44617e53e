"""`/health` and `/health/ready`."""

from datetime import timedelta

import pytest
from django.test import Client

from common import clock, health
from monitors.models import Region, RegionState
from monitors.services import create_monitor


@pytest.mark.parametrize("method", ["get", "head"])
def test_alive_asks_no_database(method):
    answer = getattr(Client(), method)("/health")
    assert answer.status_code == 200
    assert "no-cache" in answer["Cache-Control"]


def test_ready_has_a_line_for_each_part(db):
    answer = Client().get("/health/ready")
    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "ok"), body
    assert {"database", "broker", "scheduler"} <= set(body["checks"])


def test_one_failing_part_is_503_and_the_others_have_their_lines(db, monkeypatch):
    def refuse():
        raise OSError("postgresql://user:hunter2@db refused")

    monkeypatch.setitem(health.health_lines._answers, "broker", refuse)
    answer = Client().get("/health/ready")
    body = answer.json()
    assert (answer.status_code, body["status"]) == (503, "failing")
    assert body["checks"]["broker"] == {"status": "failing", "detail": "OSError"}
    assert body["checks"]["database"]["status"] == "ok"
    assert b"hunter2" not in answer.content


def test_a_scheduler_that_lags_is_not_ready(by_alice, workspace):
    region = Region.objects.get_or_create(key="default", defaults={"name": "Here"})[0]
    fields = {"name": "Shop", "type": "http", "settings": {"url": "https://shop.example"}}
    monitor = create_monitor(workspace=workspace, by=by_alice, now=clock.now(), fields=fields)
    late = clock.now() - timedelta(seconds=31)
    RegionState.objects.filter(monitor=monitor, region=region).update(claimable_at=late)
    answer = Client().get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["scheduler"]["detail"].startswith("31.")


def test_another_method_is_a_problem():
    answer = Client().post("/health")
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert answer["Allow"] == "GET, HEAD"
