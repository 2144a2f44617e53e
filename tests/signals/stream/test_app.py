"""The live stream: who may listen, what they hear, and when it ends."""

import asyncio
import json
import threading
import time
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client as Browser

from accounts.models import ApiToken, Membership
from common import clock
from signals.models import StreamTicket
from signals.stream import opens
from signals.stream.bus import id_text, make_event
from signals.tickets import take_ticket
from tests.signals.stream.conftest import Client


def say(app, workspace, data, check=None):
    event = make_event(app.bus.next_id(), workspace.pk, check, json.dumps(data))
    app.bus.deliver(event)
    return event.id


def test_a_token_hears_its_workspace(streamed, bearer, workspace):
    async def work(app):
        client = Client(app, bearer)
        assert await client.start() == 200
        assert client.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert await client.frame() == "retry: 2000\n\n"
        event_id = say(app, workspace, {"type": "check", "status": "DOWN"})
        event = await client.event()
        assert event["data"] == {"type": "check", "status": "DOWN"}
        assert event["id"] == id_text(event_id)
        assert event.get("event", "message") == "message"
        await client.leave()
        assert app.bus.workspaces == set()

    streamed(work)


def test_a_session_hears_the_workspace_it_has_picked(streamed, alice, workspace):
    browser = Browser()
    browser.force_login(alice)
    cookie = [("Cookie", f"theme=dark; sessionid={browser.cookies['sessionid'].value}")]

    async def work(app):
        client = Client(app, cookie)
        assert await client.start() == 200
        await client.frame()
        say(app, workspace, {"type": "signal"})
        assert (await client.event())["data"] == {"type": "signal"}
        await client.leave()

    streamed(work)


def test_one_check_is_heard_alone(streamed, bearer, workspace, heartbeat):
    async def work(app):
        client = Client(app, bearer, query=f"token={heartbeat.token}")
        await client.start()
        await client.frame()
        say(app, workspace, {"n": 1})
        say(app, workspace, {"n": 2}, check=heartbeat.token)
        assert (await client.event())["data"] == {"n": 2}
        await client.leave()

    streamed(work)


def test_a_busy_stream_gets_what_came_meanwhile_in_one_write(streamed, bearer, workspace):
    async def work(app):
        client = Client(app, bearer)
        await client.start()
        await client.frame()
        for number in range(5):
            say(app, workspace, {"n": number})
            await asyncio.sleep(0.005)
        frames = [await client.frame(), await client.frame()]
        told = [[json.loads(line[6:])["n"] for line in one.splitlines() if line.startswith("data: ")] for one in frames]
        assert told == [[0], [1, 2, 3, 4]]
        await client.leave()

    streamed(work, pause_seconds=0.5)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 401),
        ([("Authorization", "Bearer ws_nobody")], 401),
        ([("Authorization", "Bearer \xff")], 401),
        ([("Authorization", "Basic eDp5")], 401),
        ([("Cookie", "sessionid=forged")], 401),
        ([("Cookie", "sessionid=\xff; ;;=;")], 401),
    ],
)
def test_a_stranger_is_told_to_sign_in(streamed, headers, status):
    async def work(app):
        client = Client(app, headers)
        assert await client.start() == status
        assert client.headers["www-authenticate"].startswith("Bearer")
        assert client.headers["content-type"] == "application/problem+json"

    streamed(work)


def test_a_token_without_the_scope_and_another_workspaces_check_are_refused(
    streamed, alice, token_of, charlie, heartbeat
):
    narrow = [("Authorization", f"Bearer {token_of(alice, 'user.read')}")]
    foreign = [("Authorization", f"Bearer {token_of(charlie, 'monitor.read', workspace=charlie.workspaces.get())}")]

    async def work(app):
        assert await Client(app, narrow).start() == 403
        assert await Client(app, foreign, query=f"token={heartbeat.token}").start() == 404
        assert await Client(app, foreign, method="POST").start() == 405

    streamed(work)


def test_last_event_id_replays_what_was_missed(streamed, bearer, workspace):
    async def work(app):
        first = say(app, workspace, {"n": 1})
        say(app, workspace, {"n": 2})
        say(app, workspace, {"n": 3})
        client = Client(app, [*bearer, ("Last-Event-ID", id_text(first))])
        await client.start()
        replayed = await client.frame()
        assert [json.loads(line[6:])["n"] for line in replayed.splitlines() if line.startswith("data: ")] == [2, 3]
        await client.leave()

    streamed(work)


def test_a_pause_is_kept_alive_with_an_id_to_go_on_from(streamed, bearer, workspace):
    async def work(app):
        client = Client(app, bearer)
        await client.start()
        await client.frame()
        last = say(app, workspace, {"n": 1})
        await client.event()
        beat = await client.event()
        assert beat["event"] == "heartbeat"
        assert beat["id"] == id_text(last)
        assert beat["data"]["type"] == "heartbeat"
        await client.leave()

    streamed(work, keep_alive_seconds=0.2)


@pytest.mark.parametrize("end", ["token", "membership", "session"])
def test_it_ends_when_the_viewer_may_no_longer_listen(streamed, alice, token_of, workspace, bearer, end):
    headers = bearer
    if end == "session":
        browser = Browser()
        browser.force_login(alice)
        headers = [("Cookie", f"sessionid={browser.cookies['sessionid'].value}")]

    def revoke():
        {"token": ApiToken, "membership": Membership, "session": Session}[end].objects.all().delete()

    async def work(app):
        client = Client(app, headers)
        await client.start()
        await client.frame()
        assert (await client.event())["event"] == "heartbeat"
        await asyncio.to_thread(in_thread, revoke)
        while await client.frame():
            pass

    streamed(work, keep_alive_seconds=0.2)


def in_thread(work):
    try:
        work()
    finally:
        connections.close_all()


def test_it_ends_within_a_moment_when_the_server_stops(streamed, bearer):
    async def work(app):
        clients = [Client(app, bearer) for _ in range(5)]
        for client in clients:
            await client.start()
            await client.frame()
        app.bus.stop()
        for client in clients:
            assert await client.frame(1) == ""
            await asyncio.wait_for(client.task, 1)

    streamed(work)


def test_thirty_streams_a_minute_may_be_opened(streamed, bearer, settings):
    settings.REDIS_URL = ""

    async def work(app):
        clients = [Client(app, bearer) for _ in range(opens.MOST)]
        assert {await client.start() for client in clients} == {200}
        refused = Client(app, bearer)
        assert await refused.start() == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        for client in clients:
            await client.leave()

    streamed(work)


def test_a_stream_holds_no_thread_and_no_connection(streamed, bearer, workspace):
    async def work(app):
        clients = [Client(app, bearer) for _ in range(25)]
        for client in clients:
            await client.start()
            await client.frame()
        assert sum(thread.name.startswith("stream-door") for thread in threading.enumerate()) == 1
        say(app, workspace, {"n": 1})
        for client in clients:
            assert (await client.event())["data"] == {"n": 1}
            await client.leave()

    streamed(work)


def ticket_of(bearer=None, browser=None):
    """A ticket, asked for as a client does."""
    caller = browser or Browser(headers={"authorization": bearer[0][1]})
    answer = caller.post("/api/signals/ticket", content_type="application/json")
    assert answer.status_code == 201, answer.content
    return answer.json()["ticket"]


def test_a_ticket_opens_one_stream(streamed, bearer, workspace):
    ticket = ticket_of(bearer)

    async def work(app):
        client = Client(app, query=f"access_token={ticket}")
        assert await client.start() == 200
        await client.frame()
        say(app, workspace, {"n": 1})
        assert (await client.event())["data"] == {"n": 1}
        assert await Client(app, query=f"access_token={ticket}").start() == 401
        await client.leave()

    streamed(work)
    assert not StreamTicket.objects.exists()


@pytest.mark.parametrize("query", ["access_token=", "access_token=st_nobody", "access_token=%00", "access_token=%ff"])
def test_a_ticket_that_is_none_is_401(streamed, alice, query):
    async def work(app):
        assert await Client(app, query=query).start() == 401

    streamed(work)


def test_an_api_token_is_no_ticket(streamed, alice, token_of):
    async def work(app):
        assert await Client(app, query=f"access_token={secret}").start() == 401

    secret = token_of(alice, "monitor.read")
    streamed(work)


def test_a_ticket_is_over_after_a_minute(streamed, bearer):
    ticket = ticket_of(bearer)
    assert StreamTicket.objects.filter(expires_at__lt=clock.now() + timedelta(seconds=61)).exists()
    StreamTicket.objects.update(expires_at=clock.now())

    async def work(app):
        assert await Client(app, query=f"access_token={ticket}").start() == 401

    streamed(work)


@pytest.mark.django_db(transaction=True)
def test_two_who_take_a_ticket_at_once_get_one_stream(bearer):
    ticket, taken, together = ticket_of(bearer), [], threading.Barrier(4)

    def take():
        together.wait()
        try:
            taken.append(take_ticket(secret=ticket, now=clock.now()))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in taken if one is not None]) == 1


@pytest.mark.parametrize("end", ["revoked", "left"])
def test_a_stream_by_ticket_ends_with_the_token_that_asked_for_it(streamed, bearer, alice, end):
    ticket = ticket_of(bearer)

    async def work(app):
        client = Client(app, query=f"access_token={ticket}")
        assert await client.start() == 200
        await client.frame()
        await asyncio.to_thread(in_thread, _ends(end))
        while await client.frame():
            """Keep-alives."""

    streamed(work, keep_alive_seconds=0.2)


def _ends(end):
    return (ApiToken if end == "revoked" else Membership).objects.all().delete


def test_a_stream_by_a_sessions_ticket_ends_with_the_session(streamed, alice):
    browser = Browser()
    browser.force_login(alice)
    ticket = ticket_of(browser=browser)

    async def work(app):
        client = Client(app, query=f"access_token={ticket}")
        assert await client.start() == 200
        await client.frame()
        assert (await client.event())["event"] == "heartbeat"
        await asyncio.to_thread(in_thread, Session.objects.all().delete)
        while await client.frame():
            """Keep-alives."""

    streamed(work, keep_alive_seconds=0.2)


def test_a_stream_ends_when_its_token_expires_not_at_the_next_keep_alive(streamed, bearer):
    ApiToken.objects.update(expires_at=clock.now() + timedelta(seconds=1))

    async def work(app):
        client = Client(app, bearer)
        assert await client.start() == 200
        await client.frame()
        assert await client.frame(5) == ""

    started = time.monotonic()
    streamed(work, keep_alive_seconds=30)
    assert time.monotonic() - started < 5


def test_a_token_that_is_prolonged_goes_on(streamed, bearer, workspace):
    ApiToken.objects.update(expires_at=clock.now() + timedelta(seconds=1))

    async def work(app):
        client = Client(app, bearer)
        await client.start()
        await client.frame()
        later = clock.now() + timedelta(hours=1)
        await asyncio.to_thread(in_thread, lambda: ApiToken.objects.update(expires_at=later))
        await asyncio.sleep(1.5)
        say(app, workspace, {"n": 1})
        assert (await client.event())["data"] == {"n": 1}
        await client.leave()

    streamed(work, keep_alive_seconds=30)


@pytest.mark.django_db
def test_a_ticket_needs_the_scope_and_takes_no_body(alice, token_of, vera):
    weak = Browser(headers={"authorization": f"Bearer {token_of(alice, 'user.read')}"})
    assert weak.post("/api/signals/ticket", content_type="application/json").status_code == 403
    assert Browser().post("/api/signals/ticket").status_code == 401
    viewer = Browser(headers={"authorization": f"Bearer {token_of(vera, 'monitor.read')}"})
    assert viewer.post("/api/signals/ticket", content_type="application/json").status_code == 201
    wrong = viewer.post("/api/signals/ticket", {"colour": "red"}, content_type="application/json")
    assert wrong.json()["errors"][0]["pointer"] == "/colour"
