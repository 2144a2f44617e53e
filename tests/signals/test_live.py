"""What is said to the live stream, and that nobody is held up by it."""

import asyncio
import json
from datetime import timedelta

import pytest

from accounts.actor import SYSTEM
from common.instants import rfc3339
from monitors.models import MonitorState, Region
from monitors.services import change_status, create_monitor
from signals import live
from signals.services import settle
from signals.stream.bus import Subscription, bus
from tests.signals.conftest import ask
from tests.signals.test_settling import store


@pytest.fixture
def said(monkeypatch):
    """Every message that was published: (workspace id, check token, JSON as an object)."""
    found = []

    def keep(self, messages):
        found.extend((workspace_id, token, json.loads(data)) for workspace_id, token, data in messages)

    monkeypatch.setattr(live.Live, "send", keep)
    return found


@pytest.mark.django_db
def test_a_change_and_its_signal_are_said_after_the_commit(
    heartbeat, workspace, now, said, django_capture_on_commit_callbacks
):
    signal = store(heartbeat, "SUCCESS", now)
    with django_capture_on_commit_callbacks() as callbacks:
        settle([heartbeat.pk], now=now)
    assert said == []
    for callback in callbacks:
        callback()
    check = {"type": "check", "monitorId": heartbeat.pk, "status": "OK", "statusSince": rfc3339(now)}
    assert (workspace.pk, heartbeat.token, check) in said
    assert {message["type"] for _, _, message in said} == {"check", "signal"}
    told = next(message for _, _, message in said if message["type"] == "signal")
    assert (told["token"], told["signal"]["id"]) == (heartbeat.token, signal.pk)


@pytest.mark.django_db
def test_a_monitor_without_a_token_is_said_to_its_workspace(workspace, now, said, django_capture_on_commit_callbacks):
    Region.objects.get_or_create(key="default", defaults={"name": "Default"})
    fields = {"name": "Shop", "type": "http", "settings": {"url": "http://127.0.0.1:9/"}}
    monitor = create_monitor(workspace=workspace, by=SYSTEM, now=now, fields=fields)
    with django_capture_on_commit_callbacks(execute=True):
        state = MonitorState.objects.get(pk=monitor.pk)
        change_status(monitor=monitor, state=state, to="DOWN", at=now, now=now, reason="")
    assert (workspace.pk, None) in [one[:2] for one in said]


def test_a_publisher_never_fails(monkeypatch, caplog):
    def refuse(self, messages):
        raise OSError("no Redis")

    monkeypatch.setattr(live.Live, "send", refuse)
    live.publish(workspace_id=1, kind="incident", data={"id": 1})
    assert "not published" in caplog.text


def test_without_redis_a_publisher_is_not_held_up(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    started = asyncio.new_event_loop()
    try:
        before = started.time()
        for _ in range(50):
            live.publish(workspace_id=1, kind="incident", data={"id": 1})
        assert started.time() - before < 1
    finally:
        started.close()


def test_steady_pings_are_said_only_when_somebody_listens(served, make_heartbeat, workspace, now, said, settings):
    settings.REDIS_URL = ""
    heartbeat = make_heartbeat()
    store(heartbeat, "SUCCESS", now - timedelta(minutes=1))
    settle([heartbeat.pk], now=now)
    said.clear()

    async def unheard_then_heard(app):
        await ask(app, f"/ping/{heartbeat.token}", method="POST", body=b"unheard")
        listener = Subscription(workspace.pk, None)
        bus.subscribe(listener, None)
        try:
            await ask(app, f"/ping/{heartbeat.token}", method="POST", body=b"heard")
            for _ in range(100):
                if said:
                    return
                await asyncio.sleep(0.05)
        finally:
            bus.unsubscribe(listener)
            await live.live.stop()
            bus.is_stopping = False

    served(unheard_then_heard)
    assert [message["signal"]["payload"] for _, _, message in said] == ["heard"]
    assert said[0][:2] == (workspace.pk, heartbeat.token)
