"""Heartbeats as monitors of the API."""

import pytest

from monitors.models import Monitor
from signals.models import Heartbeat

BODY = {"name": "Nightly", "type": "heartbeat", "schedule": {"kind": "interval", "intervalSeconds": 3600}}


def test_a_heartbeat_is_made_with_its_ping_address(api):
    answer = api.post("/api/v1/monitor", BODY)
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert body["schedule"] == {"kind": "interval", "intervalSeconds": 3600}
    assert body["graceSeconds"] == 60
    assert body["pingUrl"].endswith(f"/api/signals/ping/{body['token']}")
    assert (body["lastPingAt"], body["status"]) == (None, "NEW")
    assert not {"intervalSeconds", "timeoutMs", "regions", "url", "sslExpiryDays"} & set(body)


def test_what_is_read_can_be_written_back_and_keeps_the_token(api):
    made = api.post("/api/v1/monitor", BODY | {"slug": "nightly", "methods": ["POST"], "graceSeconds": 5})
    before = made.json()
    again = api.put(made["Location"], before)
    assert again.status_code == 200, again.content
    assert again.json() | {"updatedAt": ""} == before | {"updatedAt": ""}
    reset = api.put(made["Location"], BODY)
    assert reset.status_code == 200, reset.content
    assert (reset.json()["graceSeconds"], reset.json()["slug"], reset.json()["token"]) == (60, "", before["token"])


def test_a_taken_slug_is_named_whichever_way_it_comes(api, pointers):
    api.post("/api/v1/monitor", BODY | {"slug": "nightly"})
    assert pointers(api.post("/api/v1/monitor", BODY | {"slug": "nightly"})) == {"/slug": "taken"}
    other = api.post("/api/v1/monitor", BODY | {"slug": "weekly"})["Location"]
    assert pointers(api.put(other, BODY | {"slug": "nightly"})) == {"/slug": "taken"}
    many = [BODY | {"op": "create", "slug": "daily"}] * 2
    assert pointers(api.post("/api/monitors/bulk", {"changes": many})) == {"/changes/1/slug": "taken"}
    assert sorted(Heartbeat.objects.values_list("slug", flat=True)) == ["nightly", "weekly"]


def test_what_a_heartbeat_does_not_use_is_refused(api, pointers):
    wrong = BODY | {"url": "https://x.example", "intervalSeconds": 60, "regions": ["default"], "assertions": []}
    named = pointers(api.post("/api/v1/monitor", wrong))
    assert named == {
        "/url": "unknown", "/assertions": "unknown", "/intervalSeconds": "unused", "/regions": "unused",
    }  # fmt: skip
    assert not Heartbeat.objects.exists()


@pytest.mark.parametrize(
    "schedule",
    [None, "daily", {}, {"kind": "moon"}, {"kind": "interval"}, {"kind": "interval", "intervalSeconds": 1},
     {"kind": "cron", "expression": "61 * * * *", "timezone": "UTC"},
     {"kind": "cron", "expression": "* * * * *", "timezone": "Mars/Olympus"}],
)  # fmt: skip
def test_a_wrong_schedule_is_named(api, pointers, schedule):
    named = pointers(api.post("/api/v1/monitor", BODY | {"schedule": schedule}))
    assert all(pointer.startswith("/schedule") for pointer in named)
    assert not Monitor.objects.exists()


def test_there_is_nothing_to_check(api):
    made = api.post("/api/v1/monitor", BODY)
    assert api.post(f"{made['Location']}/check").status_code == 409


def test_a_list_of_heartbeats_costs_no_query_each(api, make_monitor, django_assert_num_queries):
    schedule = {"schedule": {"kind": "interval", "interval_seconds": 60}}
    for number in range(12):
        make_monitor(f"job {number}", type="heartbeat", settings=schedule)
    api.get("/api/monitors")
    with django_assert_num_queries(8):
        assert api.get("/api/monitors").json()["total"] == 12
