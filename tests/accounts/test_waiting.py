"""Long polls of the change feed: held back while there is nothing, answered once there is, in the end anyway."""

import asyncio
import http.client
import json
import threading
from urllib.parse import urlencode

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.db import connections

from accounts import feed, services, waiting
from accounts.feed import Entry, tell
from accounts.models import ApiToken
from accounts.waiting import EventsApp
from common import clock
from tests.signals.servers import web


class Reader:
    """One request to the feed on its way."""

    def __init__(self, app, token, **query):
        self.parts, self.left = [], asyncio.Event()
        self.asked = False
        scope = {
            "type": "http", "method": "GET", "path": "/api/events", "query_string": urlencode(query).encode(),
            "headers": [(b"authorization", f"Bearer {token}".encode()), (b"host", b"localhost")],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "scheme": "http", "root_path": "",
        }  # fmt: skip
        assert app.takes(scope)
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self):
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, part):
        self.parts.append(part)

    async def answer(self):
        """Status and body."""
        await asyncio.wait_for(self.task, 60)
        return self.parts[0]["status"], json.loads(b"".join(one.get("body", b"") for one in self.parts[1:]))


@pytest.fixture
def secret(alice, token_of):
    return token_of(alice, "monitor.read")


@pytest.fixture
def served(transactional_db):
    """`served(work)`: runs `await work(app)` on an application of its own."""

    def run(work):
        async def main():
            app = EventsApp(ASGIHandler(), look_seconds=0.02)
            try:
                return await work(app)
            finally:
                app.close()

        return asyncio.run(main())

    return run


async def until_waiting(app, count):
    while sum(map(len, app._waiting.values())) != count:
        await asyncio.sleep(0.01)


async def in_database(work):
    def done():
        try:
            return work()
        finally:
            connections.close_all()

    return await asyncio.to_thread(done)


def happen(workspace, type="monitor_created"):
    return lambda: tell([Entry(workspace.pk, type, {"name": "Shop"})], now=clock.now())


def names(body):
    return [one["type"] for one in body["items"]]


def test_an_empty_page_is_held_back_until_something_happens(served, secret, workspace):
    async def work(app):
        reader = Reader(app, secret, wait=30)
        await until_waiting(app, 1)
        await in_database(happen(workspace))
        return await reader.answer(), app._waiting

    (status, body), left = served(work)
    assert (status, names(body), body["nextCursor"]) == (200, ["monitor_created"], "1")
    assert left == {}, "nobody waits any more"


def test_what_is_there_is_answered_at_once(served, secret, workspace):
    happen(workspace)()

    async def work(app):
        return await Reader(app, secret, wait=30, cursor=0).answer()

    assert names(served(work)[1]) == ["monitor_created"]


def test_when_the_time_is_over_the_page_is_empty(served, secret):
    async def work(app):
        return await Reader(app, secret, wait=1).answer()

    assert served(work) == (200, {"items": [], "nextCursor": "0", "missed": False})


def test_events_of_other_types_move_the_cursor_and_end_no_wait(served, secret, workspace):
    async def work(app):
        reader = Reader(app, secret, wait=30, type="incident_opened,incident_resolved")
        await until_waiting(app, 1)
        await in_database(happen(workspace))
        while max((one.cursor for same in app._waiting.values() for one in same), default=0) < 1:
            await asyncio.sleep(0.01)
        assert not reader.task.done()
        await in_database(happen(workspace, "incident_opened"))
        return await reader.answer()

    _, body = served(work)
    assert (names(body), body["nextCursor"]) == (["incident_opened"], "2")


def test_another_workspaces_events_wake_nobody(served, secret, charlie):
    other = charlie.workspaces.get()

    async def work(app):
        reader = Reader(app, secret, wait=1)
        await until_waiting(app, 1)
        await in_database(happen(other))
        return await reader.answer()

    assert served(work)[1]["items"] == []


@pytest.mark.parametrize(("query", "status"), [({"wait": "31"}, 400), ({"wait": "soon"}, 400), ({"wait": "-1"}, 400)])
def test_a_wrong_wait_is_told_at_once(served, secret, query, status):
    async def work(app):
        return await Reader(app, secret, **query).answer()

    answered, body = served(work)
    assert (answered, body["errors"][0]["pointer"]) == (status, "?wait")


def test_nobody_waits_without_a_token(served):
    async def work(app):
        return await Reader(app, "ws_wrong", wait=30).answer()

    assert served(work)[0] == 401


def test_a_token_that_is_revoked_meanwhile_hears_nothing(served, secret, workspace, by_alice):
    async def work(app):
        reader = Reader(app, secret, wait=30)
        await until_waiting(app, 1)
        await in_database(lambda: services.revoke_token(token=ApiToken.objects.get(), by=by_alice))
        await in_database(happen(workspace))
        return await reader.answer()

    assert served(work)[0] == 401


def test_who_leaves_frees_the_place(served, secret):
    async def work(app):
        reader = Reader(app, secret, wait=30)
        await until_waiting(app, 1)
        reader.left.set()
        await asyncio.wait_for(reader.task, 60)
        return app._waiting

    assert served(work) == {}


def test_a_stop_answers_everybody(served, secret):
    async def work(app):
        readers = [Reader(app, secret, wait=30) for _ in range(3)]
        await until_waiting(app, 3)
        await asyncio.to_thread(app.stop)
        return [await one.answer() for one in readers] + [await Reader(app, secret, wait=30).answer()]

    assert served(work) == [(200, {"items": [], "nextCursor": "0", "missed": False})] * 4


@pytest.mark.parametrize("bound", ["MOST_OF_A_WORKSPACE", "MOST_WAITING"])
def test_one_too_many_is_answered_at_once(served, secret, monkeypatch, bound):
    monkeypatch.setattr(waiting, bound, 2)

    async def work(app):
        for _ in range(2):
            Reader(app, secret, wait=30)
        await until_waiting(app, 2)
        answer = await Reader(app, secret, wait=30).answer()
        app.stop()
        await until_waiting(app, 0)
        return answer

    assert served(work)[0] == 200


def test_one_look_for_all_who_wait_costs_two_queries(workspace, charlie, now, django_assert_num_queries):
    happen(workspace)()
    both = [workspace.pk, charlie.workspaces.get().pk]
    with django_assert_num_queries(2):
        assert feed.last_places(both) == {workspace.pk: float("inf")}
    feed.page(workspace, after=None, limit=10)
    assert feed.last_places([workspace.pk]) == {workspace.pk: 1}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["granian", "uvicorn"])
def test_a_server_hands_out_news_and_stops_without_waiting_for_readers(tmp_path, kind, secret, workspace):
    def ask(port, query, answers):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", f"/api/events?{query}", headers={"Authorization": f"Bearer {secret}"})
        answer = connection.getresponse()
        answers.append((answer.status, names(json.loads(answer.read()))))
        connection.close()

    with web(tmp_path, kind) as server:
        answers = []
        reader = threading.Thread(target=ask, args=(server.port, "wait=30", answers))
        reader.start()
        happen(workspace)()
        reader.join(60)
        assert answers == [(200, ["monitor_created"])]
        reader = threading.Thread(target=ask, args=(server.port, "cursor=1&wait=30", answers))
        reader.start()
        ask(server.port, "cursor=1&wait=1", answers)
        server.stop()
        reader.join(60)
        assert answers[1:] == [(200, []), (200, [])]
