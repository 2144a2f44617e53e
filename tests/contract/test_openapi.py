"""The OpenAPI document: sound in itself, complete, and true to live answers."""

import json
import shlex
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from common.api.views import ApiView
from incidents import services as incident_services
from monitors import services as monitor_services
from monitors.models import Region
from tests.api.conftest import Caller
from websignal.openapi import document

DOCUMENT = json.loads(json.dumps(document(), default=str))
METHODS = ("get", "post", "put", "patch", "delete")


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def found(reference):
    at = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        at = at[part.replace("~1", "/").replace("~0", "~")]
    return at


def operations():
    for path, entries in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in entries:
                yield method, path, entries[method]


def views(patterns, prefix=""):
    for pattern in patterns:
        here = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield here, pattern.callback
        else:
            yield from views(pattern.url_patterns, here)


def test_it_says_which_version_it_is_written_in():
    assert DOCUMENT["openapi"].startswith("3.1")
    assert DOCUMENT["info"]["title"] == "WebSignal"


def test_every_reference_leads_somewhere():
    assert all(found(one) for one in references(DOCUMENT))


def test_every_schema_is_one():
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_operation_has_an_id_of_its_own_a_known_tag_and_its_errors():
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))
    tags = {one["name"] for one in DOCUMENT["tags"]}
    for method, path, operation in operations():
        assert set(operation["tags"]) <= tags, (method, path, operation["tags"])
        if path.startswith("/api/") and operation["security"]:
            wanted = {"400", "401", "403", "404", "429"} | ({"413", "415"} if "requestBody" in operation else set())
            assert wanted <= set(operation["responses"]), (method, path)


def test_every_view_of_the_api_is_in_it():
    documented = {path.split("{")[0].rstrip("/") for path in DOCUMENT["paths"]}
    for route, view in views(get_resolver().url_patterns):
        if isinstance(getattr(view, "cls", None), type) and issubclass(view.cls, ApiView):
            assert "/" + route.split("<")[0].rstrip("/") in documented, route


@pytest.mark.parametrize("address", ["/openapi.json", "/swagger/v1/swagger.json"])
def test_it_is_served_from_memory_with_a_tag(db, address):
    first = Client().get(address)
    assert first.status_code == 200
    assert first.json()["openapi"] == DOCUMENT["openapi"]
    assert Client().get(address, headers={"If-None-Match": first["ETag"]}).status_code == 304
    assert Client().post(address).status_code == 405


def test_the_reference_page_needs_no_inline_script(db):
    page = Client().get("/docs/api")
    assert page.status_code == 200
    assert "script-src 'self'" in page["Content-Security-Policy"]
    text = page.content.decode()
    assert "http://" not in text
    assert "https://" not in text
    assert all("src=" in piece.split(">")[0] for piece in text.split("<script")[1:])


VALIDATORS = Registry().with_resource("urn:document", Resource(DOCUMENT, DRAFT202012))


def validate(method, path, answer):
    operation = DOCUMENT["paths"][path][method.lower()]
    described = operation["responses"][str(answer.status_code)]
    if "$ref" in described:
        described = found(described["$ref"])
    if not answer.content:
        assert not described.get("content")
        return
    schema = described["content"][answer["Content-Type"]]["schema"]
    absolute = json.loads(json.dumps(schema).replace('"#/', '"urn:document#/'))
    Draft202012Validator(absolute, registry=VALIDATORS).validate(json.loads(answer.content))


@pytest.fixture
def world(alice, workspace, token_of, by_alice, now, db):
    Region.objects.get_or_create(key="default", defaults={"name": "Here"})
    fields = {"name": "Shop", "type": "http", "settings": {"url": "https://shop.example"}}
    monitor = monitor_services.create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields)
    incident = incident_services.open_manual(
        workspace=workspace, monitor=monitor, title="Slow", severity="MAJOR", by=by_alice, now=now - timedelta(hours=1)
    )
    note = incident_services.add_note(incident=incident, body="Looking", by=by_alice, now=now)
    return Caller(token_of(alice, "monitor.admin user.read")), monitor, incident, note, alice


def test_live_answers_are_as_the_document_says(world):
    api, monitor, incident, note, alice = world
    heartbeat = {"name": "Job", "type": "heartbeat", "schedule": {"kind": "interval", "intervalSeconds": 60}}
    asked = [
        ("GET", "/api/monitors", {}, None),
        ("GET", "/api/v1/monitor/{id}", {"id": monitor.pk}, None),
        ("POST", "/api/v1/monitor", {}, {"name": "B", "type": "http", "url": "https://b.example"}),
        ("POST", "/api/v1/monitor", {}, heartbeat),
        ("POST", "/api/v1/monitor", {}, {}),
        ("PATCH", "/api/monitors/{id}", {"id": monitor.pk}, {"tags": ["a"]}),
        ("POST", "/api/monitors/{id}/pause", {"id": monitor.pk}, None),
        ("POST", "/api/monitors/{id}/resume", {"id": monitor.pk}, None),
        ("GET", "/api/monitors/{id}/results", {"id": monitor.pk}, None),
        ("GET", "/api/monitors/{id}/availability", {"id": monitor.pk}, None),
        ("GET", "/api/monitors/{id}/latency", {"id": monitor.pk}, None),
        ("POST", "/api/v1/monitor/{id}/report/generate", {"id": monitor.pk}, {"startDate": "2026-01-01"}),
        ("POST", "/api/v1/monitor/{id}/report/generate", {"id": monitor.pk}, {"format": "pdf"}),
        ("GET", "/api/monitors/{id}/incidents", {"id": monitor.pk}, None),
        ("POST", "/api/v1/monitortest", {}, {"url": "http://127.0.0.1:1/"}),
        ("GET", "/api/incidents", {}, None),
        ("GET", "/api/incidents/{id}", {"id": incident.pk}, None),
        ("PATCH", "/api/incidents/{id}", {"id": incident.pk}, {"acknowledged": True}),
        ("POST", "/api/incidents", {}, {"title": "By hand"}),
        ("PUT", "/api/incidents/{id}", {"id": incident.pk}, {"title": "By hand", "severity": "MINOR"}),
        ("DELETE", "/api/incidents/{id}", {"id": incident.pk}, None),
        ("GET", "/api/incidents/{incident_pk}/notes", {"incident_pk": incident.pk}, None),
        ("POST", "/api/incidents/{incident_pk}/notes", {"incident_pk": incident.pk}, {"body": "x"}),
        ("DELETE", "/api/incidents/{incident_pk}/notes/{id}", {"incident_pk": incident.pk, "id": note.pk}, None),
        ("GET", "/api/v1/user", {}, None),
        ("PUT", "/api/v1/user/{id}", {"id": alice.pk}, {"name": "A"}),
        ("GET", "/api/tokens", {}, None),
        ("POST", "/api/tokens", {}, {"name": "ci", "scopes": ["monitor.read"]}),
        ("GET", "/api/monitors/{id}", {"id": 10**9}, None),
        ("GET", "/health", {}, None),
        ("DELETE", "/api/v1/monitor/{id}", {"id": monitor.pk}, None),
    ]
    for method, path, ids, body in asked:
        answer = api.ask(method, path.format(**ids), body)
        assert answer.status_code < 500
        validate(method, path, answer)


def test_every_operation_for_a_token_has_examples_in_three_languages_that_parse():
    for method, path, operation in operations():
        if any("bearerToken" in one for one in operation["security"]):
            samples = {one["label"]: one["source"] for one in operation["x-codeSamples"]}
            assert list(samples) == ["curl", "Python", "JavaScript"], (method, path)
            compile(samples["Python"], path, "exec")
            assert len(shlex.split(samples["curl"])) >= 4
