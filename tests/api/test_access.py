"""Who may what: every address of the document, as nobody, with too little, and as a stranger."""

import re

import pytest

from signals.models import Dependency
from tests.api.conftest import Caller
from websignal.openapi import document

METHODS = ("get", "post", "put", "patch", "delete")
OURS = (
    "/api/v1/", "/api/monitors", "/api/incidents", "/api/tokens", "/api/deliveries", "/api/signals/token",
    "/api/deployments", "/api/maintenance-windows", "/api/dependencies",
)  # fmt: skip
DOCUMENT = document()
OPERATIONS = [
    (method.upper(), path, operation)
    for path, operations in DOCUMENT["paths"].items()
    if path.startswith(OURS)
    for method, operation in operations.items()
    if method in METHODS and operation.get("security") != []
]
NAMES = [f"{method} {path}" for method, path, _ in OPERATIONS]


def filled(path, ids):
    return re.sub(r"\{(\w+)\}", lambda found: str(ids(found[1], path)), path)


@pytest.fixture
def alices(monitor, incident, note, window, deployment, group, alice, token_of):
    """Ids of Alice's objects for the parameters of a path."""
    if not alice.api_tokens.exists():
        token_of(alice)

    def ids(name, path):
        if name == "incident_pk":
            return incident.pk
        if path.startswith("/api/dependencies") and name == "id":
            return Dependency.objects.get_or_create(workspace=monitor.workspace, name="Redis")[0].pk
        if name in ("monitor_pk", "token"):
            return monitor.pk
        if "/notes/" in path:
            return note.pk
        if path.startswith(("/api/deployments", "/api/maintenance-windows", "/api/v1/service-group")):
            return {"dep": deployment, "mai": window, "v1/": group}[path.removeprefix("/api/")[:3]].pk
        if "/incident" in path and not path.endswith(("/incident", "/incidents")):
            return incident.pk
        if path.startswith("/api/v1/user"):
            return alice.pk
        if path.startswith("/api/tokens"):
            return alice.api_tokens.values_list("pk", flat=True)[0]
        return monitor.pk

    return ids


def test_the_document_has_the_addresses_of_the_contract():
    paths = set(DOCUMENT["paths"])
    assert {
        "/api/v1/monitor", "/api/v1/monitor/{id}", "/api/v1/monitortest", "/api/v1/monitor/{id}/availability",
        "/api/v1/monitor/{id}/incident", "/api/v1/incident", "/api/v1/incident/{id}", "/api/v1/user",
        "/api/v1/user/{id}", "/api/monitors", "/api/incidents", "/api/tokens", "/api/signals/ping/{token}",
        "/api/v1/incident/{incident_pk}/notes", "/api/v1/incident/{incident_pk}/notes/{id}", "/health",
    } <= paths  # fmt: skip


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_nobody_is_401(anybody, alices, method, path, operation):
    answer = anybody.ask(method, filled(path, alices), {} if method in ("POST", "PUT", "PATCH") else None)
    assert answer.status_code == 401, answer.content
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_a_token_without_the_scope_is_403_that_names_it(alice, token_of, alices, method, path, operation):
    needed = operation["security"][0]["bearerToken"][0]
    weak = Caller(token_of(alice, "user.create" if needed != "user.create" else "user.read"))
    answer = weak.ask(method, filled(path, alices), {} if method in ("POST", "PUT", "PATCH") else None)
    assert answer.status_code == 403, answer.content
    assert needed in answer.json()["detail"]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_a_viewers_write_is_403(viewer, alices, method, path, operation):
    if method == "GET" or path.startswith(("/api/v1/user", "/api/tokens")):
        pytest.skip("only for what a viewer may not")
    answer = viewer.ask(method, filled(path, alices), {} if method != "DELETE" else None)
    assert answer.status_code == 403, answer.content
    assert "role" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "operation"), [one for one in OPERATIONS if "{" in one[1]], ids=[n for n in NAMES if "{" in n]
)
def test_a_stranger_finds_nothing(stranger, alices, method, path, operation):
    body = {"id": 1} if path.endswith("actiongroup") else {}
    answer = stranger.ask(method, filled(path, alices), body if method in ("POST", "PUT", "PATCH") else None)
    assert answer.status_code == 404, answer.content


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_an_unknown_parameter_is_named_everywhere(api, alices, method, path, operation):
    if path.startswith("/api/signals") or ("{id}" in path and path.startswith("/api/deliveries")):
        pytest.skip("only for addresses that need no object of their own")
    if (method, path) == ("POST", "/api/v1/user"):
        pytest.skip("only for what this token may")
    address = filled(path, alices)
    answer = api.ask(method, f"{address}?colour=red", {} if method in ("POST", "PUT", "PATCH") else None)
    assert answer.status_code == 400, answer.content
    assert [error["pointer"] for error in answer.json()["errors"]] == ["?colour"]
