"""Report schedules and the monthly reports that they make."""

import pytest

from accounts.models import AuditEntry
from alerts.models import ReportSchedule
from alerts.monthly import making as monthly
from common.clock import now as clock_now


@pytest.fixture
def channel(api):
    config = {"url": "https://hooks.example/x"}
    return api.post("/api/channels", {"name": "Hook", "type": "webhook", "config": config}).json()["id"]


@pytest.fixture
def shop(api):
    return api.post("/api/v1/monitor", {"type": "http", "name": "Shop", "url": "https://shop.example/"}).json()["id"]


def test_a_schedule_is_made_read_changed_and_removed(api, channel, shop):
    given = {
        "name": "Sites",
        "covers": "monitors",
        "monitorIds": [shop],
        "channelId": channel,
        "timezone": "Asia/Tokyo",
    }
    made = api.post("/api/report-schedules", given)
    assert made.status_code == 201, made.content
    body, address = made.json(), made["Location"]
    assert {name: body[name] for name in given} == given
    assert (body["enabled"], body["serviceGroupId"]) == (True, None)
    assert body["nextDueAt"].endswith("T22:00:00.000Z")
    shown = api.get(address)
    assert api.get(address, If_None_Match=shown["ETag"]).status_code == 304
    replaced = api.put(address, shown.json(), If_Match=shown["ETag"])
    assert (replaced.status_code, replaced.json()["monitorIds"]) == (200, [shop])
    assert api.patch(address, {"name": "Late"}, If_Match=shown["ETag"]).status_code == 412
    changed = api.patch(address, {"covers": "all", "enabled": False}).json()
    assert (changed["covers"], changed["monitorIds"], changed["nextDueAt"]) == ("all", [], None)
    reset = api.put(address, {"name": "Bare"}).json()
    assert (reset["channelId"], reset["timezone"], reset["enabled"]) == (None, "UTC", True)
    assert api.delete(address).status_code == 204
    verbs = AuditEntry.objects.filter(object_type="reportschedule").values_list("verb", flat=True)
    assert list(verbs) == ["create", "edit", "edit", "edit", "delete"]


def test_lists_are_narrowed(api, channel):
    for name, fields in (("A", {}), ("B", {"channelId": channel}), ("C", {"enabled": False})):
        assert api.post("/api/report-schedules", {"name": name, **fields}).status_code == 201

    def names(query):
        return [one["name"] for one in api.get(f"/api/report-schedules?{query}").json()["items"]]

    assert names("") == ["A", "B", "C"]
    assert names(f"channelId={channel}") == ["B"]
    assert names("enabled=false") == ["C"]
    assert names("name=A") == names("search=a") == ["A"]
    assert names("ordering=-name") == ["C", "B", "A"]


def test_lists_ask_the_same_number_of_queries_however_many_rows(api, channel, shop, django_assert_max_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    fields = {"covers": "monitors", "monitorIds": [shop], "channelId": channel}
    api.post("/api/report-schedules", {"name": "A", **fields})
    api.post(f"/api/report-schedules/{ReportSchedule.objects.get().pk}/preview")
    for address in ("/api/report-schedules", "/api/monthly-reports"):
        api.get(address)
        with CaptureQueriesContext(connection) as few:
            assert len(api.get(address).json()["items"]) >= 1
        wanted = len(few)
        for name in ("B", "C"):
            made = api.post("/api/report-schedules", {"name": name, **fields}).json()["id"]
            api.post(f"/api/report-schedules/{made}/preview")
        with django_assert_max_num_queries(wanted):
            assert len(api.get(address).json()["items"]) >= 3


def test_every_wrong_field_is_named(api, pointers, shop):
    wrong = {"name": "", "covers": "some", "timezone": 1, "colour": "red"}
    assert pointers(api.post("/api/report-schedules", wrong)) == {
        "/name": "blank", "/covers": "invalid_choice", "/timezone": "invalid", "/colour": "unknown",
    }  # fmt: skip
    wrong = {"name": "x", "covers": "service_group", "timezone": "Mars", "monitorIds": [shop], "channelId": 999_999}
    assert pointers(api.post("/api/report-schedules", wrong)) == {
        "/timezone": "zone", "/monitorIds": "unused", "/channelId": "unknown", "/serviceGroupId": "required",
    }  # fmt: skip


def test_a_report_is_asked_for_polled_and_read(api, channel, shop):
    schedule = api.post("/api/report-schedules", {"name": "Sites", "channelId": channel}).json()["id"]
    asked = api.post(f"/api/report-schedules/{schedule}/send")
    assert (asked.status_code, asked.json()["state"], asked.json()["purpose"]) == (202, "WAITING", "by_hand")
    address = asked["Location"]
    assert api.get(address).json()["content"] is None
    assert api.get(f"{address}/pdf").status_code == 409
    monthly.make_due(clock=clock_now)
    report = api.get(address).json()
    assert (report["state"], report["deliveryState"], report["content"]["monitorCount"]) == ("DONE", "PENDING", 1)
    assert api.get(f"/api/deliveries/{report['deliveryId']}").json()["event"] == "monthly_report"
    file = api.get(f"{address}/pdf")
    assert file["Content-Type"] == "application/pdf"
    assert file["Content-Disposition"].startswith("attachment")
    assert file.content.startswith(b"%PDF-")
    preview = api.post(f"/api/report-schedules/{schedule}/preview")
    monthly.make_due(clock=clock_now)
    assert api.get(preview["Location"]).json()["deliveryId"] is None
    listed = api.get(f"/api/monthly-reports?scheduleId={schedule}&purpose=preview&state=DONE").json()
    assert [one["id"] for one in listed["items"]] == [preview.json()["id"]]
    assert "content" not in listed["items"][0]


def test_a_channel_stays_while_a_report_goes_there(api, channel):
    made = api.post("/api/report-schedules", {"name": "Sites", "channelId": channel})
    refused = api.delete(f"/api/channels/{channel}")
    assert (refused.status_code, "Sites" in refused.json()["detail"]) == (409, True)
    api.patch(f"/api/channels/{channel}", {"enabled": False})
    assert api.post(f"{made['Location']}/send").status_code == 409
    api.delete(made["Location"])
    assert api.delete(f"/api/channels/{channel}").status_code == 204


def test_others_see_nothing_and_viewers_change_nothing(api, stranger, viewer):
    address = api.post("/api/report-schedules", {"name": "Sites"})["Location"]
    report = api.post(f"{address}/preview")["Location"]
    for path in (address, report, f"{report}/pdf"):
        assert stranger.get(path).status_code == 404
    assert viewer.get(address).status_code == 200
    assert viewer.get(report).status_code == 200
    for act in ("send", "preview"):
        assert viewer.post(f"{address}/{act}").status_code == 403
        assert stranger.post(f"{address}/{act}").status_code == 404
    assert viewer.delete(address).status_code == 403
