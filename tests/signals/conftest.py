"""Heartbeats, and a way to send pings to the raw application without a server."""

import asyncio
import inspect
from typing import NamedTuple

import orjson
import pytest

from accounts.actor import SYSTEM
from monitors.models import Region
from monitors.services import create_monitor
from signals.ingest.app import PingApp
from signals.ingest.ingest import Ingest
from signals.models import HeartbeatState

HOURLY = {"kind": "interval", "interval_seconds": 3600}


@pytest.fixture
def make_heartbeat(workspace, now):
    """`make_heartbeat(**settings)`: a new one, hourly unless it says otherwise, made at `now`."""

    # A test that commits leaves the tables empty, the rows of migrations too.
    Region.objects.get_or_create(key="default", defaults={"name": "Default"})

    def make(name="Backup", at=None, **settings):
        fields = {"name": name, "type": "heartbeat", "settings": {"schedule": HOURLY, **settings}}
        return create_monitor(workspace=workspace, by=SYSTEM, now=at or now, fields=fields).heartbeat

    return make


@pytest.fixture
def heartbeat(make_heartbeat):
    return make_heartbeat()


def state_of(heartbeat):
    return HeartbeatState.objects.select_related("heartbeat__monitor__state").get(pk=heartbeat.pk)


def status_of(heartbeat):
    return state_of(heartbeat).heartbeat.monitor.state.status


class Answer(NamedTuple):
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return orjson.loads(self.body)


async def ask(app, path, method="GET", body=b"", headers=(), query="", client=("127.0.0.1", 5000), chunks=None):
    """One request to an ASGI application; None when it does not answer. `chunks` are its ASGI body messages."""
    given = [(key.lower().encode("latin-1"), value.encode("latin-1")) for key, value in headers]
    if body and chunks is None:
        given.append((b"content-length", str(len(body)).encode()))
    messages = list(chunks) if chunks is not None else [{"type": "http.request", "body": body, "more_body": False}]
    sent = []

    async def receive():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode("latin-1"),
        "headers": given,
        "client": client,
    }
    await app(scope, receive, send)
    if not sent:
        return None
    answered = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], answered, b"".join(one.get("body", b"") for one in sent[1:]))


def piece(body, more=True):
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.fixture
def served(transactional_db):
    """`served(work)`: runs `await work(app)` on a ping application that is started before and drained after."""

    def run(work):
        async def main():
            ingest = Ingest()
            ingest.start()
            try:
                found = work(PingApp(ingest))
                return await found if inspect.isawaitable(found) else found
            finally:
                await ingest.stop()

        return asyncio.run(main())

    return run


@pytest.fixture
def ping(served):
    """`ping(path, …)`: one request and its answer, everything it leads to settled."""
    return lambda path, **request: served(lambda app: ask(app, path, **request))
