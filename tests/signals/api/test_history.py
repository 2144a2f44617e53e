"""The signal history of the API."""

from datetime import timedelta

import pytest
from django.test import Client

from common.instants import rfc3339
from tests.signals.test_settling import store

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_addresses(settings):
    settings.ALLOWED_HOSTS = ["testserver"]


@pytest.fixture
def ask(alice, token_of, heartbeat):
    def get(query="", secret=None, token=None):
        headers = {"Authorization": f"Bearer {secret or token_of(alice, 'monitor.read')}"}
        return Client().get(f"/api/signals/token/{token or heartbeat.token}{query}", headers=headers)

    return get


@pytest.fixture
def some(heartbeat, now):
    """25 signals, a minute apart."""
    for minute in range(25):
        said = "FAIL" if minute % 5 == 0 else "SUCCESS"
        store(heartbeat, said, now + timedelta(minutes=minute), payload=f"run {minute}", method="POST")


def test_newest_first_in_the_envelope(ask, some, now):
    found = ask().json()
    assert [found[key] for key in ("total", "page", "itemCount", "pageCount", "limit")] == [25, 1, 20, 2, 20]
    assert [item["payload"] for item in found["items"][:2]] == ["run 24", "run 23"]
    assert set(found["items"][0]) == {
        "id", "type", "createdAt", "sourceIp", "userAgent", "method", "payload", "durationMs", "exitStatus", "rid",
        "metadata",
    }  # fmt: skip
    assert found["items"][0]["createdAt"] == rfc3339(now + timedelta(minutes=24))
    assert len(ask("?page=2").json()["items"]) == 5
    assert ask("?page=9").json()["items"] == []


def test_it_is_narrowed_by_type_and_time(ask, some, now):
    since, until = rfc3339(now + timedelta(minutes=5)), rfc3339(now + timedelta(minutes=10))
    assert [item["payload"] for item in ask(f"?startDate={since}&endDate={until}&type=FAIL").json()["items"]] == [
        "run 5"
    ]
    assert ask("?limit=3&type=SUCCESS,FAIL").json()["itemCount"] == 3


def test_a_json_payload_is_json(ask, heartbeat, now):
    store(heartbeat, "SUCCESS", now, payload='{"rows": [1]}', payload_is_json=True)
    assert ask().json()["items"][0]["payload"] == {"rows": [1]}


@pytest.mark.parametrize("query", ["?page=0", "?limit=101", "?type=NICE", "?startDate=soon", "?colour=red"])
def test_a_wrong_parameter_is_named(ask, query):
    answer = ask(query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == query.split("=")[0]


def test_who_may_read(ask, alice, charlie, vera, token_of):
    foreign = token_of(charlie, "monitor.admin", workspace=charlie.workspaces.get())
    assert ask(secret=foreign).status_code == 404
    assert ask(secret=token_of(alice, "user.read")).status_code == 403
    assert ask(secret="ws_nobody").status_code == 401
    assert ask(secret=token_of(vera, "monitor.admin")).status_code == 200
    assert ask(token="x" * 22).status_code == 404


def test_cursor_pages_go_on_where_the_first_page_ended(ask, some):
    first = ask("?limit=10&type=SUCCESS").json()
    second = ask(f"?limit=10&type=SUCCESS&cursor={first['nextCursor']}").json()
    assert set(second) == {"items", "nextCursor"}
    assert second["nextCursor"] is None
    payloads = [item["payload"] for item in first["items"] + second["items"]]
    assert payloads == [f"run {minute}" for minute in reversed(range(25)) if minute % 5]


def test_a_page_costs_the_same_however_much_is_stored(ask, some, token_of, alice, django_assert_max_num_queries):
    secret = token_of(alice, "monitor.read")
    with django_assert_max_num_queries(6):
        ask("?limit=100", secret=secret)
