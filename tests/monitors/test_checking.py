"""A check here and now: it counts as any other, and tries what is no monitor yet."""

from datetime import timedelta

import pytest

from accounts.models import AuditEntry
from common import clock
from common.invalid import Conflict, Invalid
from monitors.checking import check_now, try_monitor
from monitors.models import Result, Status
from monitors.services import create_monitor, pause
from tests.monitors.conftest import region_state, status_of
from tests.targets import Target

pytestmark = pytest.mark.django_db


def test_it_answers_with_the_result_which_counts(make, by_alice):
    with Target() as target:
        monitor = make(settings={"url": target.url()})
        result = check_now(monitor=monitor, by=by_alice, now=clock.now())
    assert (result.ok, result.status_code) == (True, 200)
    assert (status_of(monitor), Result.objects.count()) == (Status.OK, 1)
    assert AuditEntry.objects.filter(verb="check").exists()


def test_a_failure_is_looked_at_twice(make, by_alice):
    with Target() as target:
        monitor = make(settings={"url": target.url("/status/500")})
        result = check_now(monitor=monitor, by=by_alice, now=clock.now())
        assert len(target.requests) == 2
    assert (result.failure_class, result.first_look) == ("http_status", "http_status")
    assert region_state(monitor).consecutive_failures == 1


def test_a_paused_monitor_is_checked_and_stays_as_it_is(make, by_alice, now):
    with Target() as target:
        monitor = pause(monitor=make(settings={"url": target.url()}), by=by_alice, now=now)
        assert check_now(monitor=monitor, by=by_alice, now=clock.now()).ok
    assert (status_of(monitor), Result.objects.count()) == (Status.PAUSED, 0)


def test_the_next_check_keeps_its_time(make, by_alice):
    with Target() as target:
        monitor = make(settings={"url": target.url()})
        before = region_state(monitor).next_check_at
        check_now(monitor=monitor, by=by_alice, now=clock.now())
    assert region_state(monitor).next_check_at == region_state(monitor).claimable_at == before


def test_a_heartbeat_cannot_be_checked(workspace, by_alice, now):
    settings = {"schedule": {"kind": "interval", "interval_seconds": 60}}
    fields = {"name": "Backup", "type": "heartbeat", "settings": settings}
    monitor = create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields)
    with pytest.raises(Conflict):
        check_now(monitor=monitor, by=by_alice, now=now)


def test_trying_stores_nothing(now):
    with Target() as target:
        result = try_monitor(fields={"settings": {"url": target.url("/status/404")}}, now=now + timedelta(days=1))
    assert (result.ok, result.status_code) == (False, 404)
    assert not Result.objects.exists()


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, ["/url"]),
        ({"settings": 5}, ["/settings"]),
        ({"type": "heartbeat"}, ["/type"]),
        ({"timeout_ms": 5, "settings": {"url": "x"}}, ["/timeoutMs", "/url"]),
        ({"external_key": "k" * 201, "quorum": 0, "settings": {"url": "x"}}, ["/externalKey", "/quorum", "/url"]),
    ],
)
def test_trying_names_every_wrong_field(now, fields, wrong):
    with pytest.raises(Invalid) as error:
        try_monitor(fields=fields, now=now)
    assert sorted(one.pointer for one in error.value.errors) == wrong
