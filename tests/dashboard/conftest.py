"""A workspace with one of everything, and people who are signed in."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.middleware import SESSION_KEY
from alerts import services as alerts
from common.clock import now as clock_now
from incidents import services as incidents
from incidents.models import Kind, Severity
from monitors import services
from monitors.models import Region, RegionState, Result, StatusChange
from monitors.planned.deploying import create_deployment
from monitors.planned.maintaining import create_window
from signals.dependencies import create_dependency
from signals.models import Signal

GOOD = {"checkedAt": "2026-03-02T11:59:00Z", "statusCode": 200, "latencyMs": 80, "body": "fine", "headers": []}
BAD = {"checkedAt": "2026-03-02T12:00:00Z", "statusCode": 503, "latencyMs": 81, "detail": "HTTP 503", "body": "<b>no"}


@pytest.fixture
def signed_in(workspace):
    """`signed_in(user)`: a browser of that person, in Alice's workspace where they may be in it."""

    def make(user, **options):
        client = Client(raise_request_exception=False, **options)
        client.force_login(user)
        session = client.session
        session[SESSION_KEY] = workspace.pk
        session.save()
        return client

    return make


@pytest.fixture
def browser(signed_in, alice):
    """Alice's."""
    return signed_in(alice)


@pytest.fixture
def page(browser):
    """`page(path)`: the HTML of a page that answers Alice with 200."""

    def get(path):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        return answer.content.decode()

    return get


@pytest.fixture
def queries_of():
    """`queries_of(browser, path)`: how many queries the page takes, without what is cached once a process."""

    def count(browser, path):
        browser.get(path)
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(path).status_code == 200
        return len(captured)

    return count


@pytest.fixture
def make_monitor(workspace, by_alice):
    """`make_monitor(name=…)`: an HTTP monitor of Alice's workspace."""

    def make(name="Shop", workspace=workspace, settings=None, **fields):
        given = {"type": "http", "name": name, "settings": {"url": "https://shop.example/", **(settings or {})}}
        return services.create_monitor(workspace=workspace, by=by_alice, now=clock_now(), fields=given | fields)

    return make


@pytest.fixture
def make_heartbeat(workspace, by_alice):
    """`make_heartbeat(name=…)`: a heartbeat expected every hour."""

    def make(name="Backup", workspace=workspace, **settings):
        given = {"schedule": {"kind": "interval", "interval_seconds": 3600}} | settings
        fields = {"type": "heartbeat", "name": name, "settings": given}
        return services.create_monitor(workspace=workspace, by=by_alice, now=clock_now(), fields=fields)

    return make


@pytest.fixture
def monitor(make_monitor):
    return make_monitor()


@pytest.fixture
def heartbeat(make_heartbeat):
    return make_heartbeat()


@pytest.fixture
def make_incident(workspace, by_alice):
    """`make_incident(monitor)`: an open one with evidence."""

    def make(monitor, kind=Kind.DOWNTIME, title="Shop: HTTP 503", **fields):
        at = clock_now() - timedelta(minutes=5)
        given = {"cause": {"detail": "HTTP 503"}, "first_failure": BAD, "last_good": GOOD} | fields
        return incidents.open_incident(
            workspace=monitor.workspace, monitor=monitor, kind=kind, severity=Severity.CRITICAL, title=title,
            started_at=at, now=at, **given,
        )  # fmt: skip

    return make


@pytest.fixture
def incident(monitor, make_incident):
    return make_incident(monitor)


@pytest.fixture
def note(incident, by_alice):
    return incidents.add_note(incident=incident, body="Rolled **back**", by=by_alice, now=clock_now())


@pytest.fixture
def window(workspace, monitor, by_alice):
    """Open each night, over the monitor."""
    at = clock_now() - timedelta(minutes=5)
    fields = {"name": "Nightly", "starts_at": at, "ends_at": at + timedelta(hours=1), "rrule": "FREQ=DAILY"}
    return create_window(workspace=workspace, by=by_alice, now=at, fields=fields | {"monitor_ids": [monitor.pk]})


@pytest.fixture
def deployment(workspace, monitor, heartbeat, by_alice):
    """Under way, over the monitor and the heartbeat."""
    fields = {"name": "Shop", "release": "1.4.2", "author": "Ada", "monitor_ids": [monitor.pk, heartbeat.pk]}
    return create_deployment(workspace=workspace, by=by_alice, now=clock_now(), fields=fields)


@pytest.fixture
def dependency(workspace, heartbeat, by_alice):
    """Needed by the heartbeat."""
    fields = {"name": "Redis", "dependent_ids": [heartbeat.pk]}
    return create_dependency(workspace=workspace, by=by_alice, now=clock_now(), fields=fields)


@pytest.fixture
def webhook(monitor, by_alice):
    """The rule of a webhook action with a header that is a secret."""
    fields = {"name": "Pager", "url": "https://hooks.example/x", "headers": {"Authorization": "Bearer s3cret"}}
    return alerts.create_action_group(monitor=monitor, type="webhook", by=by_alice, now=clock_now(), fields=fields).rule


@pytest.fixture
def with_history():
    """`with_history(monitor, results)`: that many results a minute apart, and a change of status."""

    def make(monitor, results):
        now = clock_now()
        region = Region.objects.get(key="default")
        Result.objects.bulk_create(
            Result(monitor=monitor, region=region, scheduled_at=now - timedelta(minutes=place), lag_ms=0, loop_lag_ms=0,
                   ok=place % 7 > 0, latency_ms=80 + place, dns_ms=1, connect_ms=2, first_byte_ms=70, transfer_ms=1)
            for place in range(results)
        )  # fmt: skip
        StatusChange.objects.create(monitor=monitor, at=now - timedelta(days=2), before="NEW", after="OK")
        RegionState.objects.filter(monitor=monitor).update(last_checked_at=now, last_latency_ms=80)

    return make


@pytest.fixture
def with_signals():
    """`with_signals(heartbeat, count)`: that many signals with payload and duration."""

    def make(monitor, count):
        now = clock_now()
        Signal.objects.bulk_create(
            Signal(heartbeat_id=monitor.pk, type="SUCCESS", created_at=now - timedelta(hours=place), method="POST",
                   source_ip="127.0.0.1", payload="<script>alert(1)</script>", duration_ms=1000 + place)
            for place in range(count)
        )  # fmt: skip

    return make
