"""Who may what: every address of the document, as nobody, with too little, as a viewer and as a stranger.

Each walk goes over the OpenAPI document, so an address that is added is walked too; the walks change nothing.
"""

import pytest

from tests.api.conftest import Caller
from tests.api.objects import MARK, Objects
from websignal.openapi import document

METHODS = ("get", "post", "put", "patch", "delete")
DOCUMENT = document()
# Answered by raw ASGI before Django; tests/signals/stream walks it.
RAW = {"/api/signals/sse"}
OPERATIONS = [
    (method.upper(), path, operation)
    for path, operations in DOCUMENT["paths"].items()
    if path.startswith("/api/") and path not in RAW
    for method, operation in operations.items()
    if method in METHODS and any("bearerToken" in one for one in operation["security"])
]
# What a viewer may write: what is the person's own, and a ticket to read the stream with.
VIEWERS_OWN = ("/api/v1/user", "/api/tokens", "/api/signals/ticket")
# The same for every workspace.
FOR_ALL = {"/api/regions/{id}"}
# Whose object a field of a body or a query parameter names; None where there are no such objects yet.
REFERENCES = {
    "monitorId": "/api/v1/monitor",
    "monitorIds": "/api/v1/monitor",
    "dependsOn": "/api/v1/monitor",
    "dependentId": "/api/v1/monitor",
    "dependentIds": "/api/v1/monitor",
    "incidentId": "/api/v1/incident",
    "channelId": "/api/channels",
    "channelIds": "/api/channels",
    "scheduleId": "/api/report-schedules",
    "serviceGroupId": "/api/v1/service-group",
    "escalationPolicyId": None,
    "objectId": None,
    "userId": "/api/v1/user",
    "tokenId": "/api/tokens",
}


@pytest.fixture
def alices(api, alice, workspace, twilio):
    return Objects(api, alice, workspace)


def walk(caller, alices, wanted, which=lambda method, path: True, more=None):
    """Asks every operation; those whose answer is not as `wanted(answer, operation)` says.

    `more` are wrong fields in each body, or a text that is no JSON.
    """
    wrong = {}
    for method, path, operation in OPERATIONS:
        if which(method, path):
            body = body_for(method, path, alices)
            raw = more if body is not None and isinstance(more, bytes) else None
            body = body | more if body is not None and isinstance(more, dict) else body
            answer = caller.ask(method, alices.filled(path), body, raw=raw)
            if not wanted(answer, operation):
                wrong[f"{method} {path}"] = (answer.status_code, answer.content[:300])
    return wrong


def body_for(method, path, alices):
    """Nothing right, but the id where a PUT without one in its path takes it from the body."""
    if method not in ("POST", "PUT", "PATCH"):
        return None
    return {"id": alices.of(alices.filled(path))} if method == "PUT" and path.endswith("actiongroup") else {}


def scope_of(operation):
    return next(one["bearerToken"][0] for one in operation["security"] if "bearerToken" in one)


def test_the_document_has_the_addresses_of_the_contract():
    paths = set(DOCUMENT["paths"])
    assert {
        "/api/v1/monitor", "/api/v1/monitor/{id}", "/api/v1/monitortest", "/api/v1/monitor/{id}/availability",
        "/api/v1/monitor/{id}/incident", "/api/v1/incident", "/api/v1/incident/{id}", "/api/v1/user",
        "/api/v1/user/{id}", "/api/monitors", "/api/incidents", "/api/tokens", "/api/signals/ping/{token}",
        "/api/v1/incident/{incident_pk}/notes", "/api/v1/incident/{incident_pk}/notes/{id}", "/health",
    } <= paths  # fmt: skip


def test_nobody_is_401_everywhere(anybody, alices):
    def wanted(answer, operation):
        return (
            answer.status_code == 401
            and answer["WWW-Authenticate"].startswith("Bearer")
            and answer["Content-Type"] == "application/problem+json"
        )

    assert walk(anybody, alices, wanted) == {}


@pytest.mark.parametrize("held", ["user.create", "monitor.read"])
def test_a_token_without_the_scope_is_403_that_names_it_everywhere(alice, token_of, alices, held):
    def wanted(answer, operation):
        needed = scope_of(operation)
        return needed == held or (answer.status_code == 403 and needed in answer.json()["detail"])

    # Without a monitor of its own a reader's GETs would be 404 by luck; they are left out by their scope.
    assert walk(Caller(token_of(alice, held)), alices, wanted) == {}


WRONG_BODIES = pytest.mark.parametrize("more", [{}, {"noSuchField": 1}, b"no JSON"], ids=["empty", "wrong", "no JSON"])


@WRONG_BODIES
def test_a_viewers_write_is_403_everywhere(viewer, alices, more):
    """Before the body is looked at."""

    def writes(method, path):
        return method != "GET" and not path.startswith(VIEWERS_OWN)

    def wanted(answer, operation):
        return answer.status_code == 403 and "role" in answer.json()["detail"]

    assert walk(viewer, alices, wanted, writes, more) == {}


@pytest.mark.parametrize("more", [{}, {"noSuchField": 1}], ids=["empty", "wrong"])
def test_a_stranger_finds_nothing_anywhere(stranger, alices, more):
    """404 before the body is looked at, so that a wrong body does not tell what is there."""

    def wanted(answer, operation):
        return answer.status_code == 404 and answer["Content-Type"] == "application/problem+json"

    assert walk(stranger, alices, wanted, lambda method, path: "{" in path and path not in FOR_ALL, more) == {}


def test_a_strangers_lists_hold_nothing_of_others(api, stranger, alices):
    for _, path, _ in OPERATIONS:
        alices.filled(path)
    seen = {}
    for method, path, _ in OPERATIONS:
        if method == "GET" and "{" not in path:
            assert stranger.get(path).status_code == 200, path
            assert MARK not in stranger.get(path).content.decode(), path
            seen[path] = MARK in api.get(path).content.decode()
    assert seen["/api/monitors"]
    assert seen["/api/tokens"]
    assert seen["/api/deliveries"]


def references_in_queries():
    return [
        (path, parameter["name"])
        for method, path, operation in OPERATIONS
        if method == "GET" and "{" not in path
        for parameter in operation["parameters"]
        if parameter.get("name", "").endswith(("Id", "Ids"))
    ]


def _bodies(schema):
    """The schemas that a body may have: itself, or one for each type."""
    schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    several = schema.get("oneOf", schema.get("anyOf"))
    return [body for one in several for body in _bodies(one)] if several else [schema]


def references_in_bodies():
    """All but those of addresses that only try something out and store nothing."""
    found = []
    for method, path, operation in OPERATIONS:
        if method == "POST" and "requestBody" in operation and "{" not in path and not path.endswith("test"):
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            for named in _bodies(schema):
                found += [(path, name) for name in named["properties"] if name.endswith(("Id", "Ids", "On"))]
    return sorted(set(found))


def test_a_strangers_filters_find_nothing_of_others(stranger, alices):
    asked = references_in_queries()
    assert len(asked) > 3
    for path, name in asked:
        if REFERENCES[name]:
            answer = stranger.get(f"{path}?{name}={alices.of(REFERENCES[name])}")
            assert answer.json().get("items", []) == [], path
            assert answer.status_code in (200, 404), path


def test_a_strangers_body_cannot_name_what_is_others(stranger, alices, pointers):
    asked = references_in_bodies()
    assert len(asked) > 6
    for path, name in asked:
        if REFERENCES[name]:
            theirs = alices.of(REFERENCES[name])
            value = theirs if name.endswith("Id") else [theirs]
            body = {key: it for key, it in alices.body(path).items() if key not in REFERENCES} | {name: value}
            assert any(one.startswith(f"/{name}") for one in pointers(stranger.post(path, body))), (path, name)


def test_a_method_that_an_address_does_not_take_is_405_whatever_the_query_says(api, alices):
    for path in ("/api/monitors", "/api/v1/monitor/{id}", "/api/incidents", "/api/v1/monitor/{id}/availability"):
        answer = api.ask("TRACE", alices.filled(path) + "?page=1")
        assert answer.status_code == 405
        assert "TRACE" not in answer["Allow"]


def test_an_unknown_parameter_is_named_everywhere(alice, token_of, alices):
    wrong, api = {}, Caller(token_of(alice, "monitor.admin user.read user.create"))
    for method, path, _ in OPERATIONS:
        answer = api.ask(method, f"{alices.filled(path)}?colour=red", body_for(method, path, alices))
        if answer.status_code != 400 or [one["pointer"] for one in answer.json()["errors"]] != ["?colour"]:
            wrong[f"{method} {path}"] = (answer.status_code, answer.content[:300])
    assert wrong == {}
