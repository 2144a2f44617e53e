"""`/api/dependencies`: made, read, changed, pinned, linked and removed; every wrong field named."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import AuditEntry
from monitors.services import create_monitor
from signals.models import Dependency, DependencyLink
from tests.api.conftest import Caller

PATH = "/api/dependencies"


@pytest.fixture
def dependency(workspace):
    return Dependency.objects.create(workspace=workspace, name="Redis")


def test_create_read_change_and_remove(api, monitor):
    made = api.post(PATH, {"name": "Redis", "dependentIds": [monitor.pk], "pinnedStatus": "DOWN"})
    assert made.status_code == 201, made.content
    address = made["Location"]
    assert made.json() == {
        "id": made.json()["id"], "name": "Redis", "description": "", "monitorId": None, "pinnedStatus": "DOWN",
        "dependentIds": [monitor.pk], "status": "DOWN",
        "reports": [{"monitorId": monitor.pk, "status": None, "at": None}],
        "createdAt": made.json()["createdAt"], "updatedAt": made.json()["updatedAt"],
    }  # fmt: skip
    assert api.get(f"/api/monitors/{monitor.pk}").json()["dependencyImpacted"] is True
    changed = api.patch(address, {"pinnedStatus": None, "monitorId": monitor.pk})
    assert (changed.json()["status"], changed.json()["monitorId"]) == ("UNKNOWN", monitor.pk)
    assert api.get(f"/api/monitors/{monitor.pk}").json()["dependencyImpacted"] is False
    whole = api.put(address, {"name": "Valkey"})
    assert (whole.json()["name"], whole.json()["dependentIds"], whole.json()["monitorId"]) == ("Valkey", [], None)
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    verbs = AuditEntry.objects.filter(object_type="dependency").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["create", "edit", "edit", "delete"]


def test_links_are_put_and_deleted(api, dependency, monitor):
    address = f"{PATH}/{dependency.pk}/monitors/{monitor.pk}"
    assert api.put(address, None).json()["dependentIds"] == [monitor.pk]
    assert api.put(address, None).status_code == 200
    assert DependencyLink.objects.count() == 1
    assert api.delete(address).status_code == 204
    assert api.delete(address).status_code == 204
    assert not DependencyLink.objects.exists()


def test_every_wrong_field_is_named_at_once(api, pointers, dependency):
    wrong = {"name": "Redis", "description": 5, "pinnedStatus": "MAYBE", "monitorId": 99, "dependentIds": [True, 98],
             "colour": "red"}  # fmt: skip
    assert pointers(api.post(PATH, wrong)) == {
        "/colour": "unknown", "/name": "taken", "/description": "length", "/pinnedStatus": "choice",
        "/monitorId": "unknown_id", "/dependentIds/0": "unknown_id", "/dependentIds/1": "unknown_id",
    }  # fmt: skip
    assert Dependency.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", [{}, {"name": None}, {"name": ""}, {"name": "x" * 121}, {"name": "\u0000"}, {"name": []}]
)
def test_a_name_is_needed(api, pointers, wrong):
    assert "/name" in pointers(api.post(PATH, wrong))


@pytest.mark.parametrize("body", [[], "Redis", 5, None])
def test_a_body_that_is_no_object_is_400(api, body):
    assert api.post(PATH, raw=b"null" if body is None else None, body=body).status_code == 400


def test_another_workspaces_monitor_is_unknown(api, charlie, now, pointers):
    fields = {"name": "His", "type": "http", "settings": {"url": "https://his.example/"}}
    his = create_monitor(workspace=charlie.workspaces.get(), by=Actor(charlie), now=now, fields=fields)
    assert pointers(api.post(PATH, {"name": "x", "monitorId": his.pk, "dependentIds": [his.pk]})) == {
        "/monitorId": "unknown_id",
        "/dependentIds/0": "unknown_id",
    }


def test_a_list_is_filtered_and_costs_the_same_for_any_length(api, workspace, monitor, django_assert_num_queries):
    for number in range(3):
        Dependency.objects.create(workspace=workspace, name=f"part {number}", pinned_status="DOWN" if number else "")
    assert api.get(f"{PATH}?name=part+1").json()["total"] == 1
    assert [one["name"] for one in api.get(f"{PATH}?status=DOWN").json()["items"]] == ["part 1", "part 2"]
    DependencyLink.objects.create(dependency=Dependency.objects.get(name="part 2"), monitor=monitor)
    assert api.get(f"{PATH}?dependentId={monitor.pk}").json()["total"] == 1
    api.get(PATH)
    with CaptureQueriesContext(connection) as few:
        api.get(PATH)
    for number in range(20):
        Dependency.objects.create(workspace=workspace, name=f"more {number}")
    with django_assert_num_queries(len(few)):
        assert api.get(f"{PATH}?limit=100").json()["total"] == 23


def test_a_stale_tag_is_412(api, dependency):
    tag = api.get(f"{PATH}/{dependency.pk}")["ETag"]
    assert api.patch(f"{PATH}/{dependency.pk}", {"description": "a"}, If_Match=tag).status_code == 200
    assert api.patch(f"{PATH}/{dependency.pk}", {"description": "b"}, If_Match=tag).status_code == 412


def test_a_token_that_writes_signals_may(alice, token_of, monitor):
    weak = Caller(token_of(alice, "signal.write"))
    assert weak.post(PATH, {"name": "Redis"}).status_code == 201
    assert weak.get(PATH).status_code == 403
