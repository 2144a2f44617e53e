"""Every list of the platform's API finds an object by its exact name, for programs that know no id."""

import pytest

from tests.api.objects import MARK, Objects

# What stands for a name where an object has no field of that name, or one that others gave it.
NAMES = {"/api/invitations": "Dora@example.org", "/api/members": "Alice"}
LISTS = [
    "/api/alert-rules", "/api/audit-log", "/api/channels", "/api/deliveries", "/api/dependencies", "/api/deployments",
    "/api/incidents", "/api/invitations", "/api/maintenance-windows", "/api/members", "/api/monitors", "/api/regions",
    "/api/report-schedules", "/api/tokens", "/api/v1/service-group", "/api/v1/monitor/{id}/actiongroups",
    "/api/v1/monitor/{id}/emailactiongroup",
]  # fmt: skip


@pytest.fixture
def objects(api, alice, workspace, region):
    region.name = MARK
    region.save()
    return Objects(api, alice, workspace)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_finds_by_name(api, objects, path):
    path = objects.filled(path)
    wanted = objects.of(path.replace("/actiongroups", "/emailactiongroup"))
    name = NAMES.get(path, MARK)
    assert wanted in ids(api, path, name)
    assert ids(api, path, name[:-1]) == []


def test_an_incident_is_found_by_the_name_of_its_monitor_too(api, incident, make_monitor):
    other = api.post("/api/incidents", {"title": "Shop", "monitorId": make_monitor(name="Blog").pk}).json()
    assert ids(api, "/api/incidents", "Shop is slow") == [incident.pk]
    assert ids(api, "/api/incidents", "Blog") == [other["id"]]
    assert set(ids(api, "/api/v1/incident", "Shop")) == {incident.pk, other["id"]}


def ids(api, path, name):
    answer = api.client.get(path, {"name": name}, headers=api.headers)
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["items"]]
