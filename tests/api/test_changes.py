"""What pipelines send: upserts by their own key, and many changes in one transaction."""

import threading
import time

import pytest
from django.db import connections

from accounts.models import AuditEntry
from monitors.models import Monitor
from tests.api.conftest import Caller

MONITORS = "/api/monitors"
BODY = {"name": "Shop", "type": "http", "url": "https://shop.example/health"}


def upsert(api, key, body=BODY, **headers):
    return api.put(f"{MONITORS}?externalKey={key}", body, **headers)


def bulk(api, *changes, **more):
    return api.post(f"{MONITORS}/bulk", {"changes": list(changes), **more})


def test_an_upsert_makes_then_replaces(api):
    made = upsert(api, "shop", BODY | {"tags": ["prod"]})
    assert made.status_code == 201, made.content
    assert made["Location"] == f"{MONITORS}/{made.json()['id']}"
    assert (made.json()["externalKey"], made.json()["tags"]) == ("shop", ["prod"])
    again = upsert(api, "shop", BODY | {"externalKey": "shop", "intervalSeconds": 30})
    assert again.status_code == 200, again.content
    assert (again.json()["id"], again.json()["intervalSeconds"]) == (made.json()["id"], 30)
    assert again.json()["tags"] == [], "what a whole body leaves out gets its default"
    assert again["ETag"] != made["ETag"]
    assert [one["id"] for one in api.get(f"{MONITORS}?externalKey=shop").json()["items"]] == [made.json()["id"]]


def test_an_upsert_says_what_is_wrong(api, pointers):
    assert pointers(api.put(MONITORS, BODY)) == {"?externalKey": "required"}
    assert pointers(upsert(api, "a", BODY | {"externalKey": "b"})) == {"/externalKey": "mismatch"}
    assert pointers(upsert(api, "a", BODY | {"intervalSeconds": 1, "colour": 1})) == {
        "/intervalSeconds": "range", "/colour": "unknown",
    }  # fmt: skip
    upsert(api, "a")
    assert pointers(upsert(api, "a", {"name": "x", "type": "heartbeat"}))["/type"] == "immutable"


def test_a_key_that_is_too_long_is_named_where_it_stands(api, pointers):
    assert pointers(upsert(api, "k" * 201)) == {"?externalKey": "invalid"}
    assert upsert(api, "k" * 200).status_code == 201


def test_an_upsert_honours_preconditions(api):
    assert upsert(api, "a", If_Match='"1.1-x"').status_code == 412
    made = upsert(api, "a", If_None_Match="*")
    assert made.status_code == 201
    assert upsert(api, "a", If_None_Match="*").status_code == 412
    assert upsert(api, "a", If_Match=made["ETag"]).status_code == 200
    assert upsert(api, "a", If_Match=made["ETag"]).status_code == 412


def test_a_key_is_each_workspaces_own(api, stranger):
    upsert(api, "a")
    assert upsert(stranger, "a").status_code == 201
    assert Monitor.objects.count() == 2


def test_the_websignal_contract_has_no_put_on_the_list(api):
    assert api.put("/api/v1/monitor", BODY).status_code == 405


def test_changes_are_made_in_order_with_an_outcome_each(api, make_monitor):
    one, two, three = make_monitor("One"), make_monitor("Two", external_key="two"), make_monitor("Three")
    answer = bulk(
        api,
        {"op": "create", **BODY, "externalKey": "new"},
        {"op": "update", "id": one.pk, "name": "First", "externalKey": "one"},
        {"op": "update", "externalKey": "two", "intervalSeconds": 300},
        {"op": "upsert", **BODY, "externalKey": "new", "name": "New again"},
        {"op": "upsert", **BODY, "externalKey": "other"},
        {"op": "pause", "externalKey": "one"},
        {"op": "pause", "id": two.pk},
        {"op": "resume", "id": two.pk},
        {"op": "delete", "id": three.pk},
    )
    assert answer.status_code == 200, answer.content
    items = answer.json()["items"]
    assert [one["outcome"] for one in items] == [
        "created", "updated", "updated", "updated", "created", "paused", "paused", "resumed", "deleted",
    ]  # fmt: skip
    assert items[0]["id"] == items[3]["id"]
    assert items[8]["id"] == three.pk
    assert all(one["errors"] == [] for one in items)
    found = {one.external_key: one for one in Monitor.objects.all()}
    assert set(found) == {"new", "one", "two", "other"}
    assert (found["new"].name, found["one"].name, found["one"].is_paused) == ("New again", "First", True)
    assert found["two"].interval_seconds == 300
    assert AuditEntry.objects.filter(verb="pause").count() == 2


def test_one_wrong_change_and_none_is_made_and_all_are_named(api, make_monitor, pointers):
    here = make_monitor()
    answer = bulk(
        api,
        {"op": "create", **BODY},
        {"op": "create", "name": "", "type": "http", "url": "https://x.example"},
        {"op": "explode", "id": here.pk},
        {"op": "update", "id": here.pk, "intervalSeconds": 1, "colour": "red"},
        {"op": "delete", "id": 10**9},
        {"op": "pause", "externalKey": "nobody"},
        {"op": "pause", "id": here.pk, "name": "x"},
        {"op": "create", "id": 5, **BODY},
        {"op": "update", "name": "which?"},
        {"op": "upsert", **BODY},
    )
    assert pointers(answer) == {
        "/changes/1/name": "blank", "/changes/2/op": "choice", "/changes/3/intervalSeconds": "range",
        "/changes/3/colour": "unknown", "/changes/4/id": "unknown_id", "/changes/5/externalKey": "unknown_id",
        "/changes/6/name": "unknown", "/changes/7/id": "invalid", "/changes/8/externalKey": "required",
        "/changes/9/externalKey": "required",
    }  # fmt: skip
    assert list(Monitor.objects.values_list("pk", "name", "is_paused")) == [(here.pk, "Shop", False)]
    assert not AuditEntry.objects.filter(object_type="monitor").exclude(object_id=str(here.pk)).exists()


def test_asked_to_the_right_ones_are_made(api):
    answer = bulk(api, {"op": "create", **BODY}, {"op": "create", "name": "x", "type": "tea"}, allOrNothing=False)
    assert answer.status_code == 200, answer.content
    good, bad = answer.json()["items"]
    assert (good["outcome"], bad["outcome"]) == ("created", "failed")
    assert bad["errors"][0]["pointer"] == "/changes/1/type"
    assert Monitor.objects.count() == 1


@pytest.mark.parametrize("body", [{}, {"changes": []}, {"changes": {}}, {"changes": [5]}, {"changes": [{}] * 1001}])
def test_what_is_no_list_of_changes_is_400(api, body):
    assert api.post(f"{MONITORS}/bulk", body).status_code == 400


def test_a_stranger_changes_nothing_here(stranger, monitor, pointers):
    assert pointers(bulk(stranger, {"op": "delete", "id": monitor.pk})) == {"/changes/0/id": "unknown_id"}
    assert Monitor.objects.filter(pk=monitor.pk).exists()


@pytest.mark.slow
def test_a_thousand_are_made_at_once(api):
    started = time.process_time()
    answer = bulk(api, *({"op": "create", **BODY, "name": f"Shop {n}", "externalKey": f"k{n}"} for n in range(1000)))
    assert answer.status_code == 200, answer.content[:500]
    assert Monitor.objects.count() == 1000
    assert time.process_time() - started < 30, "a few seconds on a machine that has nothing else to do"


@pytest.mark.django_db(transaction=True)
def test_two_upserts_at_once_make_one(alice, workspace, token_of, region):
    secret, statuses = token_of(alice), []

    def work(number):
        try:
            statuses.append(upsert(Caller(secret), "shop", BODY | {"name": f"By {number}"}).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [200, 200, 200, 201]
    assert Monitor.objects.count() == 1
