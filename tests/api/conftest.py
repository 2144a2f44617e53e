"""Callers of the API and things for them to call about."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from incidents import services as incident_services
from incidents.models import Severity
from monitors import services as monitor_services
from monitors.grouping import create_group
from monitors.models import Region
from monitors.planned.deploying import create_deployment
from monitors.planned.maintaining import create_window


class Caller:
    """Speaks JSON with a token."""

    def __init__(self, secret=None, **headers):
        self.client = Client(raise_request_exception=True)
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self.headers |= headers

    def ask(self, method, path, body=None, raw=None, content_type="application/json", **headers):
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(
            method, path, data, content_type=content_type if data else "", headers={**self.headers, **named}
        )

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, path, body=None, **headers):
        return self.ask("POST", path, body, **headers)

    def put(self, path, body, **headers):
        return self.ask("PUT", path, body, **headers)

    def patch(self, path, body, **headers):
        return self.ask("PATCH", path, body, **headers)

    def delete(self, path, **headers):
        return self.ask("DELETE", path, **headers)


@pytest.fixture
def region(db):
    return Region.objects.get_or_create(key="default", defaults={"name": "Here"})[0]


@pytest.fixture
def api(alice, workspace, token_of, region):
    """Alice, owner, with a token that may everything about monitors."""
    return Caller(token_of(alice, "monitor.admin user.read"))


@pytest.fixture
def anybody(db):
    """No token at all."""
    return Caller()


@pytest.fixture
def viewer(vera, token_of):
    return Caller(token_of(vera, "monitor.admin user.read"))


@pytest.fixture
def member(bob, token_of):
    return Caller(token_of(bob, "monitor.admin user.read"))


@pytest.fixture
def stranger(charlie, token_of):
    """Charlie with a token in his own workspace."""
    return Caller(token_of(charlie, "monitor.admin user.read", workspace=charlie.workspaces.get()))


@pytest.fixture
def make_monitor(workspace, by_alice, now, region):
    def make(name="Shop", **fields):
        settings = {"url": "https://shop.example/health"}
        wanted = {"name": name, "type": "http", "settings": settings, **fields}
        return monitor_services.create_monitor(workspace=workspace, by=by_alice, now=now, fields=wanted)

    return make


@pytest.fixture
def monitor(make_monitor):
    return make_monitor()


@pytest.fixture
def incident(workspace, monitor, by_alice, now):
    return incident_services.open_manual(
        workspace=workspace, monitor=monitor, title="Shop is slow", severity=Severity.MAJOR, by=by_alice, now=now
    )


@pytest.fixture
def note(incident, by_alice, now):
    return incident_services.add_note(incident=incident, body="Looking at it", by=by_alice, now=now)


@pytest.fixture
def group(workspace, monitor, by_alice, now):
    fields = {"name": "Web", "monitor_ids": [monitor.pk]}
    return create_group(workspace=workspace, by=by_alice, now=now, fields=fields)


@pytest.fixture
def window(workspace, monitor, by_alice, now):
    fields = {"name": "Move", "starts_at": now, "ends_at": now + timedelta(hours=1), "monitor_ids": [monitor.pk]}
    return create_window(workspace=workspace, by=by_alice, now=now, fields=fields)


@pytest.fixture
def deployment(workspace, monitor, by_alice, now):
    fields = {"name": "Shop", "release": "1", "monitor_ids": [monitor.pk]}
    return create_deployment(workspace=workspace, by=by_alice, now=now, fields=fields)


@pytest.fixture
def pointers():
    """The wrong fields that a 400 names."""

    def read(answer):
        assert answer.status_code == 400, answer.content
        assert answer["Content-Type"] == "application/problem+json"
        return {error["pointer"]: error["code"] for error in answer.json()["errors"]}

    return read
