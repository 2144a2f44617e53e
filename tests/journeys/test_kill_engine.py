"""`kill -9` of the engine in the middle of checks: nothing counts twice, nothing opens twice, checks go on soon."""

import time

import pytest
from django.db.models import Count

from incidents.models import EventType, Incident, TimelineEvent
from monitors.models import EngineRun, Monitor, Result
from monitors.scheduling.engine_step import start_engine, stop_engine
from tests.journeys.watching import engine_process, until, watch
from tests.targets import Target

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
RESTART_SECONDS = 5.0


def asked(target, path):
    return sum(request.path == path for request in target.requests)


def test_checks_under_way_when_the_engine_is_killed_go_on_within_5_s_of_a_restart(workspace, by_alice):
    with Target() as target:
        # The lease alone would hold this check back for its timeout and more.
        watch(workspace, by_alice, target.url("/hang"), interval_seconds=60, timeout_ms=30_000)
        with engine_process() as first:
            until(lambda: asked(target, "/hang"), within=10, what="the first check")
            first.kill()
            first.wait()
        with engine_process():
            restarted = time.monotonic()
            until(lambda: asked(target, "/hang") > 1, within=RESTART_SECONDS, what="the check again")
            assert time.monotonic() - restarted < RESTART_SECONDS
    assert EngineRun.objects.count() == 1


def test_no_result_counts_twice_and_no_incident_opens_twice(workspace, by_alice):
    def statuses():
        return dict(Monitor.objects.values_list("pk", "state__status"))

    with Target() as target:
        target.behave("/down", "status/500")
        down = watch(workspace, by_alice, target.url("/down"), name="Down")
        up = [watch(workspace, by_alice, target.url(f"/{number}"), name=f"Up {number}") for number in range(8)]
        slow = watch(workspace, by_alice, target.url("/delay/300"), name="Slow")
        for _ in range(2):
            with engine_process() as engine:
                before = len(target.requests)
                until(lambda before=before: len(target.requests) > before + 15, within=15, what="checks")
                engine.kill()
                engine.wait()
        with engine_process():
            since = Result.objects.count()
            until(lambda: Result.objects.count() > since + 20, within=10, what="results after the last restart")
            # With checks each second a restart is a gap: what nobody saw is UNKNOWN until they see it again.
            seen = {down.pk: "DOWN", slow.pk: "OK"} | {monitor.pk: "OK" for monitor in up}
            until(lambda: statuses() == seen, within=10, what="what is seen now")
    twice = Result.objects.values("monitor", "region", "scheduled_at").annotate(times=Count("pk")).filter(times__gt=1)
    assert list(twice) == []
    incident = Incident.objects.get()
    assert incident.monitor_id == down.pk
    assert TimelineEvent.objects.filter(incident=incident, type=EventType.OPENED).count() == 1


def test_an_engine_that_is_stopped_leaves_nothing_claimed(workspace, by_alice):
    with Target() as target:
        monitor = watch(workspace, by_alice, target.url("/hang"), interval_seconds=60, timeout_ms=30_000)
        start_engine("default")
        until(lambda: asked(target, "/hang"), within=10, what="the check")
        stop_engine()
        until(lambda: not EngineRun.objects.exists(), within=5, what="the end of the run")
        assert monitor.region_states.get().claimable_at <= monitor.region_states.get().next_check_at
