"""Deployments, maintenance windows and service groups over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import AuditEntry
from common import clock
from monitors.models import Monitor
from tests.admin_rows import heartbeat
from tests.api.conftest import Caller


def soon(**ahead):
    return (clock.now() + timedelta(**ahead)).isoformat().replace("+00:00", "Z")


class TestDeployments:
    def test_a_pipeline_opens_and_closes_one_with_two_calls(self, monitor, alice, token_of):
        pipeline = Caller(token_of(alice, "signal.write"))
        body = {"name": "Shop", "version": "1.4.2", "autoPause": True, "monitorIds": [monitor.pk]}
        opened = pipeline.post("/api/deployments", body)
        assert opened.status_code == 201, opened.content
        assert opened.json()["state"] == "ACTIVE"
        assert opened["Location"] == f"/api/deployments/{opened.json()['id']}"
        assert Monitor.objects.get().is_paused
        closed = pipeline.post(f"/api/deployments/{opened.json()['id']}/end")
        assert (closed.status_code, closed.json()["state"]) == (200, "ENDED")
        assert not Monitor.objects.get().is_paused
        again = pipeline.post(f"/api/deployments/{opened.json()['id']}/end")
        assert again.json()["endedAt"] == closed.json()["endedAt"]
        assert [one.verb for one in AuditEntry.objects.filter(object_type="deployment").order_by("pk")] == [
            "create",
            "end",
        ]

    def test_it_shows_every_field(self, api, monitor):
        body = {
            "name": "Shop", "version": "2", "author": "Ada", "link": "https://ci.example/7", "autoPause": False,
            "scheduledStartAt": "2031-01-01T00:00:00.000Z", "scheduledEndAt": "2031-01-01T01:00:00.000Z",
            "monitorIds": [monitor.pk], "serviceGroupId": None,
        }  # fmt: skip
        made = api.post("/api/deployments", body).json()
        assert {key: made[key] for key in body} == body
        assert (made["state"], made["startedAt"], made["endedAt"]) == ("SCHEDULED", None, None)

    def test_every_wrong_field_is_named_at_once(self, api, pointers):
        body = {"name": 5, "colour": "red", "monitorIds": "all", "autoPause": 1}
        assert set(pointers(api.post("/api/deployments", body))) == {"/name", "/colour", "/monitorIds", "/autoPause"}
        body = {"name": "x", "monitorIds": [4711], "link": "ftp://x", "scheduledEndAt": "2020-01-01T00:00:00Z"}
        assert set(pointers(api.post("/api/deployments", body))) == {"/monitorIds", "/link", "/scheduledEndAt"}
        assert pointers(api.post("/api/deployments", {"name": "x"})) == {"/monitorIds": "required"}

    def test_another_workspaces_monitors_are_none(self, stranger, monitor, group, pointers):
        body = {"name": "x", "monitorIds": [monitor.pk], "serviceGroupId": group.pk}
        assert set(pointers(stranger.post("/api/deployments", body))) == {"/monitorIds", "/serviceGroupId"}

    def test_what_is_fixed_by_now_is_said(self, api, deployment, make_monitor, pointers):
        other = make_monitor("Other")
        address = f"/api/deployments/{deployment.pk}"
        assert pointers(api.patch(address, {"monitorIds": [other.pk]})) == {"/monitorIds": "immutable"}
        assert api.patch(address, {"scheduledEndAt": soon(hours=1)}).status_code == 200
        whole = api.get(address).json() | {"author": "Ada"}
        assert api.put(address, whole).json()["author"] == "Ada"

    def test_an_old_version_is_not_overwritten(self, api, deployment):
        address = f"/api/deployments/{deployment.pk}"
        tag = api.get(address)["ETag"]
        assert api.patch(address, {"author": "Ada"}, If_Match=tag).status_code == 200
        assert api.patch(address, {"author": "Bob"}, If_Match=tag).status_code == 412

    def test_the_list_is_narrowed_and_costs_the_same_for_many(
        self, api, deployment, monitor, django_assert_max_num_queries
    ):
        for number in range(5):
            api.post("/api/deployments", {"name": f"D{number}", "version": "7", "monitorIds": [monitor.pk]})
        with django_assert_max_num_queries(8):
            assert api.get("/api/deployments").json()["total"] == 6
        assert api.get("/api/deployments?version=7&state=ACTIVE&name=D3").json()["total"] == 1
        assert api.get(f"/api/deployments?monitorId={monitor.pk}").json()["total"] == 6
        assert api.get("/api/deployments?state=ENDED").json()["total"] == 0

    def test_deleting_ends_it(self, api, deployment):
        assert api.delete(f"/api/deployments/{deployment.pk}").status_code == 204
        assert api.get(f"/api/deployments/{deployment.pk}").status_code == 404

    def test_a_heartbeats_history_shows_it(self, api, workspace, now):
        beating = heartbeat(workspace, now)
        made = api.post("/api/deployments", {"name": "Shop", "version": "3", "monitorIds": [beating.pk]}).json()
        api.post(f"/api/deployments/{made['id']}/end")
        history = api.get(f"/api/signals/token/{beating.heartbeat.token}?type=DEPLOYMENT").json()
        assert [one["metadata"]["phase"] for one in history["items"]] == ["end", "start"]


class TestWindows:
    BODY = {
        "name": "Move", "description": "To the new rack", "startsAt": "2031-03-02T01:00:00.000Z",
        "endsAt": "2031-03-02T03:00:00.000Z", "rrule": "FREQ=WEEKLY;BYDAY=SU", "timezone": "Europe/Berlin",
        "suppressAlerts": True, "suppressIncidents": True, "showOnStatusPage": False, "serviceGroupId": None,
    }  # fmt: skip

    def test_one_is_made_shown_changed_and_removed(self, api, monitor):
        body = self.BODY | {"monitorIds": [monitor.pk]}
        made = api.post("/api/maintenance-windows", body)
        assert made.status_code == 201, made.content
        assert {key: made.json()[key] for key in body} == body
        assert made.json()["nextOpening"] == {"startsAt": body["startsAt"], "endsAt": body["endsAt"]}
        address = f"/api/maintenance-windows/{made.json()['id']}"
        assert api.patch(address, {"rrule": ""}).json()["rrule"] == ""
        whole = {key: body[key] for key in ("name", "startsAt", "endsAt", "monitorIds")}
        assert api.put(address, whole).json()["timezone"] == "UTC"
        assert api.delete(address).status_code == 204
        assert [one.verb for one in AuditEntry.objects.filter(object_type="maintenancewindow").order_by("pk")] == [
            "create", "edit", "edit", "delete",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("wrong", "pointer"),
        [
            ({"rrule": "FREQ=HOURLY"}, "/rrule"),
            ({"rrule": "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", "startsAt": "2031-02-01T00:00:00Z",
              "endsAt": "2031-02-01T01:00:00Z"}, "/rrule"),
            ({"timezone": "Mars/Olympus"}, "/timezone"),
            ({"endsAt": "2031-03-02T01:00:00Z"}, "/endsAt"),
            ({"endsAt": "2031-05-02T01:00:00Z"}, "/endsAt"),
            ({"startsAt": "1980-01-01T00:00:00Z"}, "/startsAt"),
            ({"startsAt": "tomorrow"}, "/startsAt"),
            ({"monitorIds": []}, "/monitorIds"),
            ({"serviceGroupId": 4711}, "/serviceGroupId"),
            ({"name": "x" * 121}, "/name"),
        ],
    )  # fmt: skip
    def test_a_wrong_field_is_named(self, api, monitor, pointers, wrong, pointer):
        body = self.BODY | {"monitorIds": [monitor.pk]} | wrong
        assert pointer in pointers(api.post("/api/maintenance-windows", body))

    def test_the_list_costs_the_same_for_many(self, api, monitor, window, django_assert_max_num_queries):
        for _ in range(5):
            api.post("/api/maintenance-windows", self.BODY | {"monitorIds": [monitor.pk]})
        with django_assert_max_num_queries(8):
            assert api.get("/api/maintenance-windows").json()["total"] == 6
        assert api.get(f"/api/maintenance-windows?monitorId={monitor.pk}&name=Move").json()["total"] == 6

    def test_it_leaves_the_availability(self, api, monitor):
        at = datetime.now(UTC) - timedelta(hours=2)
        body = self.BODY | {"monitorIds": [monitor.pk], "rrule": ""}
        body |= {"startsAt": at.isoformat(), "endsAt": (at + timedelta(hours=1)).isoformat()}
        assert api.post("/api/maintenance-windows", body).status_code == 201
        found = api.get(f"/api/monitors/{monitor.pk}/availability").json()
        assert found["maintenanceSeconds"] == 3600


class TestServiceGroups:
    def test_one_is_made_shown_changed_and_removed(self, api, make_monitor):
        first, second = make_monitor("First"), make_monitor("Second")
        made = api.post("/api/v1/service-group", {"name": "Web", "monitorIds": [first.pk]})
        assert made.status_code == 201, made.content
        assert made.json() == {
            "id": made.json()["id"], "name": "Web", "description": "", "monitorIds": [first.pk], "status": "NEW",
        }  # fmt: skip
        address = f"/api/v1/service-group/{made.json()['id']}"
        assert api.get(f"/api/monitors/{first.pk}").json()["serviceGroupId"] == made.json()["id"]
        assert api.patch(address, {"description": "All of it"}).json()["monitorIds"] == [first.pk]
        assert api.put(address, {"name": "Web", "monitorIds": [second.pk]}).json()["monitorIds"] == [second.pk]
        assert api.get(f"/api/monitors/{first.pk}").json()["serviceGroupId"] is None
        assert api.delete(address).status_code == 204
        assert Monitor.objects.count() == 2

    def test_its_status_is_the_worst_of_its_monitors(self, api, make_monitor):
        ids = []
        for name, status in (("A", "OK"), ("B", "DOWN"), ("C", "PAUSED")):
            monitor = make_monitor(name)
            monitor.state.status = status
            monitor.state.save()
            ids.append(monitor.pk)
        made = api.post("/api/v1/service-group", {"name": "Web", "monitorIds": ids}).json()
        assert made["status"] == "DOWN"
        assert api.post("/api/v1/service-group", {"name": "Empty"}).json()["status"] is None

    def test_a_monitor_that_moves_has_a_new_version(self, api, monitor):
        tag = api.get(f"/api/monitors/{monitor.pk}")["ETag"]
        api.post("/api/v1/service-group", {"name": "Web", "monitorIds": [monitor.pk]})
        assert api.patch(f"/api/monitors/{monitor.pk}", {"name": "x"}, If_Match=tag).status_code == 412

    def test_wrong_fields_are_named(self, api, pointers):
        assert set(pointers(api.post("/api/v1/service-group", {"name": "", "monitorIds": [0]}))) == {
            "/name", "/monitorIds/0",
        }  # fmt: skip
        assert pointers(api.post("/api/v1/service-group", {"name": "x", "monitorIds": [99]})) == {
            "/monitorIds": "unknown_id"
        }

    def test_the_list_costs_the_same_for_many(self, api, make_monitor, django_assert_max_num_queries):
        for number in range(4):
            api.post("/api/v1/service-group", {"name": f"G{number}", "monitorIds": [make_monitor(f"M{number}").pk]})
        with django_assert_max_num_queries(8):
            assert api.get("/api/v1/service-group").json()["total"] == 4
