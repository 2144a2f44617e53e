"""Who may what: every address of the document, as nobody, with too little, and as a stranger."""

import re
from contextlib import contextmanager

import pytest
from django.db import transaction

from monitors.models import Report
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
        if path.startswith("/api/v1/report/"):
            fields = {"workspace": monitor.workspace, "monitor": monitor, "format": "csv"}
            since = monitor.created_at
            return Report.objects.create(**fields, since=since, until=since, created_at=since).pk
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


@pytest.fixture
def alone(subtests):
    """`with alone(method, path):` fails on its own and leaves nothing behind.

    One test walks all operations: to make Alice's objects for each of them anew would take minutes."""

    @contextmanager
    def test(method, path):
        with subtests.test(f"{method} {path}"), transaction.atomic():
            yield
            transaction.set_rollback(True)

    return test


def operations(where=lambda method, path: True):
    """Method, path, operation of the document and the least body that the method takes."""
    for method, path, operation in OPERATIONS:
        if where(method, path):
            yield method, path, operation, {} if method in ("POST", "PUT", "PATCH") else None


def test_nobody_is_401(anybody, alices, alone):
    for method, path, _, body in operations():
        with alone(method, path):
            answer = anybody.ask(method, filled(path, alices), body)
            assert answer.status_code == 401, answer.content
            assert answer["WWW-Authenticate"].startswith("Bearer")
            assert answer["Content-Type"] == "application/problem+json"


def test_a_token_without_the_scope_is_403_that_names_it(alice, token_of, alices, alone):
    creator, reader = (Caller(token_of(alice, scope)) for scope in ("user.create", "user.read"))
    for method, path, operation, body in operations():
        with alone(method, path):
            needed = operation["security"][0]["bearerToken"][0]
            answer = (reader if needed == "user.create" else creator).ask(method, filled(path, alices), body)
            assert answer.status_code == 403, answer.content
            assert needed in answer.json()["detail"]


def test_a_viewers_write_is_403(viewer, alices, alone):
    for_all = ("/api/v1/user", "/api/tokens")
    for method, path, _, _ in operations(lambda method, path: method != "GET" and not path.startswith(for_all)):
        with alone(method, path):
            answer = viewer.ask(method, filled(path, alices), {} if method != "DELETE" else None)
            assert answer.status_code == 403, answer.content
            assert "role" in answer.json()["detail"]


def test_a_stranger_finds_nothing(stranger, alices, alone):
    for method, path, _, body in operations(lambda method, path: "{" in path):
        with alone(method, path):
            named = {"id": 1} if path.endswith("actiongroup") and body is not None else body
            answer = stranger.ask(method, filled(path, alices), named)
            assert answer.status_code == 404, answer.content


def test_an_unknown_parameter_is_named_everywhere(api, alices, alone):
    def needs_no_object_of_its_own(method, path):
        if (method, path) == ("POST", "/api/v1/user"):
            return False  # This token may not.
        return not path.startswith("/api/signals") and not ("{id}" in path and path.startswith("/api/deliveries"))

    for method, path, _, body in operations(needs_no_object_of_its_own):
        with alone(method, path):
            answer = api.ask(method, f"{filled(path, alices)}?colour=red", body)
            assert answer.status_code == 400, answer.content
            assert [error["pointer"] for error in answer.json()["errors"]] == ["?colour"]
