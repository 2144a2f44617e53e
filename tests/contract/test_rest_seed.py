"""The published table of the WebSignal REST API, row by row: verb, path and scope to the letter."""

import json
from typing import Any, NamedTuple

import pytest

from monitors.models import Region
from tests.api.conftest import Caller
from tests.api.objects import Objects

HTTP = {"name": "Shop", "type": "http", "url": "https://shop.example/"}
EMAIL = {"name": "Team", "recipients": ["alice@example.org"]}
SMS = {"name": "Phones", "phoneNumbers": ["+4930123456"]}
WEBHOOK = {"name": "Hook", "url": "https://hooks.example/in"}


class Row(NamedTuple):
    """One row as published, and a request that succeeds with a status."""

    method: str
    path: str
    scope: str
    status: int = 200
    body: dict[str, Any] | None = None


ADMIN = "monitor.admin"
ROWS = [
    # Monitors
    Row("GET", "/api/v1/monitor", ADMIN),
    Row("GET", "/api/v1/monitor/{id}", ADMIN),
    Row("POST", "/api/v1/monitor", ADMIN, 201, HTTP),
    Row("PUT", "/api/v1/monitor/{id}", ADMIN, 200, HTTP),
    Row("DELETE", "/api/v1/monitor/{id}", ADMIN, 204),
    Row("POST", "/api/v1/monitortest", ADMIN, 200, {"url": "http://127.0.0.1:1/"}),
    # Monitor Data & Reports
    Row("GET", "/api/v1/monitor/{id}/availability", ADMIN),
    Row("GET", "/api/v1/monitor/{id}/latency", ADMIN),
    Row("GET", "/api/v1/monitor/{id}/incident", ADMIN),
    Row("POST", "/api/v1/monitor/{id}/report/generate", ADMIN, 200, {"format": "json"}),
    # Incidents
    Row("GET", "/api/v1/incident", ADMIN),
    Row("GET", "/api/v1/incident/{id}", ADMIN),
    Row("PATCH", "/api/v1/incident/{id}", ADMIN, 200, {"acknowledged": True}),
    # Incident Notes
    Row("GET", "/api/v1/incident/{incidentId}/notes", ADMIN),
    Row("POST", "/api/v1/incident/{incidentId}/notes", ADMIN, 201, {"body": "Looking"}),
    Row("PATCH", "/api/v1/incident/{incidentId}/notes/{noteId}", ADMIN, 200, {"body": "Found"}),
    Row("DELETE", "/api/v1/incident/{incidentId}/notes/{noteId}", ADMIN, 204),
    # Alert Actions
    Row("GET", "/api/v1/monitor/{monitorId}/actiongroups", ADMIN),
    Row("POST", "/api/v1/monitor/{monitorId}/emailactiongroup", ADMIN, 201, EMAIL),
    Row("GET", "/api/v1/monitor/{monitorId}/emailactiongroup", ADMIN),
    Row("GET", "/api/v1/monitor/{monitorId}/emailactiongroup/{id}", ADMIN),
    Row("PUT", "/api/v1/monitor/{monitorId}/emailactiongroup", ADMIN, 200, EMAIL),
    Row("DELETE", "/api/v1/monitor/{monitorId}/emailactiongroup/{id}", ADMIN, 204),
    Row("POST", "/api/v1/monitor/{monitorId}/smsactiongroup", ADMIN, 201, SMS),
    Row("GET", "/api/v1/monitor/{monitorId}/smsactiongroup", ADMIN),
    Row("DELETE", "/api/v1/monitor/{monitorId}/smsactiongroup/{id}", ADMIN, 204),
    Row("POST", "/api/v1/monitor/{monitorId}/webhookactiongroup", ADMIN, 201, WEBHOOK),
    Row("GET", "/api/v1/monitor/{monitorId}/webhookactiongroup", ADMIN),
    Row("PUT", "/api/v1/monitor/{monitorId}/webhookactiongroup", ADMIN, 200, WEBHOOK),
    Row("DELETE", "/api/v1/monitor/{monitorId}/webhookactiongroup/{id}", ADMIN, 204),
    # Users
    Row("GET", "/api/v1/user", "user.read"),
    Row("POST", "/api/v1/user", "user.create", 201, {"email": "new@example.org", "name": "New"}),
    Row("PUT", "/api/v1/user/{id}", ADMIN, 200, {"name": "Ada"}),
    Row("DELETE", "/api/v1/user/{id}", ADMIN, 204),
    Row("GET", "/api/v1/user/{userId}/trial", ADMIN),
    Row("PUT", "/api/v1/user/{userId}/trial", ADMIN, 200, {"status": "ACTIVE"}),
    # Products & Plans
    Row("GET", "/api/v1/product", ADMIN),
]
# Everything but the scope that is asked for.
OTHER_SCOPES = {
    ADMIN: "monitor.read incident.write signal.write user.read user.create",
    "user.read": "monitor.admin user.create",
    "user.create": "monitor.admin user.read",
}


class Asked:
    """The row's request as somebody, about Alice's objects."""

    def __init__(self, api, objects):
        self.api, self.objects = api, objects

    def __call__(self, row, caller, **more):
        address, body = self.objects.filled(row.path), row.body
        if body is not None:
            body = {**body, **more}
            if row.method == "PUT" and row.path.endswith("actiongroup"):
                body["id"] = self.objects.of(address)
        return caller.ask(row.method, address, body)


@pytest.fixture
def ask(alice, workspace, token_of, settings, twilio):
    """On a platform that sells plans and sends text messages."""
    settings.BILLING_ENABLED = True
    Region.objects.get_or_create(key="default", defaults={"name": "Here"})
    api = Caller(token_of(alice, "monitor.admin user.read user.create"))
    return Asked(api, Objects(api, alice, workspace))


def is_problem(answer, status):
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    return json.loads(answer.content)


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.method} {row.path}" for row in ROWS])
def test_a_row_as_published(ask, alice, charlie, token_of, row):
    """401 without a token, 403 with every other scope, 404 from elsewhere, 400 that points, and then it does it."""
    is_problem(ask(row, Caller()), 401)
    assert row.scope in is_problem(ask(row, Caller(token_of(alice, OTHER_SCOPES[row.scope]))), 403)["detail"]
    if "{" in row.path:
        stranger = Caller(token_of(charlie, row.scope, workspace=charlie.workspaces.get()))
        is_problem(ask(row, stranger), 404)
    allowed = Caller(token_of(alice, row.scope))
    if row.body is not None:
        errors = is_problem(ask(row, allowed, colour="red"), 400)["errors"]
        assert [(one["pointer"], one["code"]) for one in errors] == [("/colour", "unknown")]
    answer = ask(row, allowed)
    assert answer.status_code == row.status, answer.content


def test_the_webhook_of_payments_is_public_and_believes_only_its_signature(db):
    """The one row without a token: 400 to what nobody signed."""
    for signature in ({}, {"Stripe_Signature": "t=1,v1=00"}):
        is_problem(Caller().post("/api/v1/stripewebhook", {"id": "evt_1", "type": "invoice.paid"}, **signature), 400)


def test_the_table_is_whole():
    """38 rows, of which one is public."""
    assert len({(row.method, row.path) for row in ROWS}) + 1 == 38
