"""The change feed: what is told, and a cursor that misses nothing."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from accounts.feed import Entry, page, tell
from accounts.models import FeedEvent
from accounts.upkeep import drop_outdated
from incidents import services as incident_services
from monitors import services


def types(answer):
    return [one["type"] for one in answer.json()["items"]]


def test_what_happens_is_told_in_order(api, monitor, workspace, by_alice, now, incident):
    services.pause(monitor=monitor, by=by_alice, now=now)
    incident_services.acknowledge(incident=incident, by=by_alice, now=now)
    incident_services.add_note(incident=incident, body="secret words", by=by_alice, now=now)
    incident_services.resolve_incident(incident=incident, by=by_alice, now=now)
    services.delete_monitor(monitor=monitor, by=by_alice, now=now)
    found = api.get("/api/events")
    assert found.status_code == 200, found.content
    assert types(found) == [
        "monitor_created", "incident_opened", "monitor_status_changed", "incident_acknowledged", "note_written",
        "incident_resolved", "monitor_deleted",
    ]  # fmt: skip
    assert [one["id"] for one in found.json()["items"]] == list(range(1, 8))
    assert found.json()["items"][2]["data"]["after"] == "PAUSED"
    assert b"secret words" not in found.content


def test_a_cursor_goes_on_where_it_was(api, make_monitor):
    for number in range(5):
        make_monitor(f"M{number}")
    first = api.get("/api/events?limit=3").json()
    second = api.get(f"/api/events?limit=3&cursor={first['nextCursor']}").json()
    assert [one["data"]["name"] for one in first["items"] + second["items"]] == ["M0", "M1", "M2", "M3", "M4"]
    nothing = api.get(f"/api/events?cursor={second['nextCursor']}").json()
    assert nothing == {"items": [], "nextCursor": "5", "missed": False}
    make_monitor("M5")
    assert len(api.get("/api/events?cursor=5").json()["items"]) == 1


def test_only_some_types_and_the_cursor_moves_past_the_others(api, make_monitor, by_alice, now):
    services.pause(monitor=make_monitor(), by=by_alice, now=now)
    found = api.get("/api/events?type=incident_opened,monitor_deleted").json()
    assert (found["items"], found["nextCursor"]) == ([], "2")
    assert types(api.get("/api/events?type=monitor_status_changed")) == ["monitor_status_changed"]
    assert api.get("/api/events?type=rain").status_code == 400


def test_another_workspace_hears_nothing(stranger, monitor):
    assert stranger.get("/api/events").json() == {"items": [], "nextCursor": "0", "missed": False}


def test_who_comes_late_is_told_that_events_are_gone(api, make_monitor, now, workspace):
    make_monitor("A")
    assert len(api.get("/api/events").json()["items"]) == 1
    make_monitor("B")
    api.get("/api/events")
    drop_outdated(now=now + timedelta(days=31))
    assert not FeedEvent.objects.exists()
    assert api.get("/api/events?cursor=1").json() == {"items": [], "nextCursor": "2", "missed": True}
    assert api.get("/api/events").json()["missed"] is False


def test_a_steady_reader_costs_four_queries(api, make_monitor, django_assert_num_queries):
    make_monitor()
    api.get("/api/events")
    with django_assert_num_queries(5):  # the token, whether any waits, the head, the events, the oldest
        api.get("/api/events")


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_an_event_that_commits_late_is_not_skipped(workspace, now):
    if connection.vendor != "postgresql":
        pytest.skip("only on PostgreSQL do transactions that write overlap")
    has_written, may_commit = threading.Event(), threading.Event()

    def early():
        try:
            with transaction.atomic():
                tell([Entry(workspace.pk, "monitor_created", {"name": "began first"})], now=now)
                has_written.set()
                assert may_commit.wait(60)
        finally:
            connections.close_all()

    thread = threading.Thread(target=early)
    thread.start()
    assert has_written.wait(60)
    tell([Entry(workspace.pk, "monitor_created", {"name": "committed first"})], now=now)
    first = page(workspace, after=None, limit=10)
    assert [one.data["name"] for one in first.events] == ["committed first"]
    may_commit.set()
    thread.join(60)
    second = page(workspace, after=first.cursor, limit=10)
    assert [one.data["name"] for one in second.events] == ["began first"]
    assert second.events[0].pk < first.events[0].pk, "its id is the smaller one: a cursor of ids would have missed it"


@pytest.mark.django_db(transaction=True)
def test_readers_at_once_number_each_event_once(workspace, now):
    tell([Entry(workspace.pk, "monitor_created", {"n": n}) for n in range(50)], now=now)
    seen = []

    def read():
        try:
            seen.append([one.number for one in page(workspace, after=None, limit=100).events])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen == [list(range(1, 51))] * 4
