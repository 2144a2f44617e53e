"""Monitors as they stand in the database, and results as an engine would bring them."""

from datetime import UTC, datetime, timedelta

import pytest

from monitors.models import MonitorState, Region, RegionState
from monitors.probes.base import Check, Result
from monitors.results.recording import record
from monitors.services import create_monitor
from monitors.watched import Watched


@pytest.fixture
def make(workspace, by_alice, now):
    """`make(regions=2, …)`: a monitor of so many regions, made at `now`."""

    def made(*, regions=1, **fields):
        extra = [
            Region.objects.get_or_create(key=f"r{number}", name=f"R{number}")[0].key for number in range(2, regions + 1)
        ]
        fields = {"name": "Shop", "type": "http", "settings": {"url": "http://shop.example/"}} | fields
        fields.setdefault("regions", ["default", *extra])
        return create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields)

    return made


@pytest.fixture
def see(now):
    """`see(monitor, seconds, ok=…, region=…)`: records one check that began so long after `now`."""

    def seen(monitor, seconds, ok=True, *, region="default", took=0.1, recorded_at=None, **found):
        result = result_of(monitor, now + timedelta(seconds=seconds), ok=ok, region=region, took=took, **found)
        return record([result], now=recorded_at or now + timedelta(seconds=seconds + took))

    return seen


def result_of(monitor, at, *, ok=True, region="default", took=0.1, **found):
    """One result of a check that was due and began at `at`."""
    found = {"failure_class": None, "latency_ms": 20.0, "status_code": 200} | found
    if not ok:
        found = {
            **found,
            "failure_class": found["failure_class"] or "http_status",
            "detail": found.get("detail", "It failed."),
        }
    check = Check(
        monitor_id=monitor.pk,
        region_id=Region.objects.get(key=region).pk,
        type=monitor.type,
        settings=monitor.settings,
        scheduled_at=at.timestamp(),
        timeout_ms=monitor.timeout_ms,
        context=Watched.of(monitor),
    )
    started = at.timestamp()
    return Result(
        check=check, started_at=started, finished_at=started + took, lag_ms=0.5, loop_lag_ms=0.0, ok=ok, **found
    )


def status_of(monitor):
    return MonitorState.objects.get(pk=monitor.pk).status


def region_state(monitor, region="default"):
    return RegionState.objects.get(monitor=monitor, region__key=region)


def instant(seconds):
    return datetime.fromtimestamp(seconds, UTC)
