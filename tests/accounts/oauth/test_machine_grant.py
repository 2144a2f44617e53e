"""Client credentials: a machine acts in its workspace, as whoever registered it, and dies with their membership."""

import json

import pytest

from accounts.models import AuditEntry, KeptAnswer, Membership, Role
from monitors.models import Monitor, Region
from tests.accounts.oauth.conftest import call, error_of

MONITOR = json.dumps({"name": "Shop", "type": "http", "url": "https://shop.example"})


def test_a_machine_acts_in_its_workspace_and_is_written_down(machine, alice, workspace, django_assert_num_queries):
    Region.objects.get_or_create(key="default", defaults={"name": "Here"})
    given = machine.token("client_credentials", scope="monitor.admin").json()
    assert "refresh_token" not in given
    assert call(given["access_token"], "POST", body=MONITOR).status_code == 201
    assert Monitor.objects.get().workspace == workspace
    entry = AuditEntry.objects.get(verb="create", object_type="monitor")
    assert (entry.user, entry.application, entry.token) == (alice, machine.application, None)
    assert entry.actor == "alice@example.org through The machine app"


def test_an_idempotency_key_works_with_an_oauth_token(machine):
    Region.objects.get_or_create(key="default", defaults={"name": "Here"})
    token = machine.token("client_credentials", scope="monitor.admin").json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "once"}
    answers = [
        machine.http.post("/api/monitors", MONITOR, content_type="application/json", headers=headers) for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[1]["Idempotency-Replayed"] == "true"
    assert KeptAnswer.objects.count() == Monitor.objects.count() == 1


def test_the_default_scope_only_reads(machine):
    given = machine.token("client_credentials").json()
    assert given["scope"] == "monitor.read"
    refused = call(given["access_token"], "POST", body=MONITOR)
    assert refused.status_code == 403
    assert "monitor.admin" in refused.json()["detail"]


def test_a_refused_scope_is_answered_with_what_may_be_asked_for(machine, alice, workspace):
    answer = machine.token("client_credentials", scope="user.create \x00")
    assert error_of(answer) == "invalid_scope"
    told = answer.json()["error_description"]
    assert told == f"This application may ask for: {', '.join(machine.application.scopes)}."
    Membership.objects.filter(user=alice, workspace=workspace).update(role=Role.VIEWER)
    answer = machine.token("client_credentials", scope="monitor.admin monitor.read")
    assert error_of(answer) == "invalid_scope"
    assert answer.json()["error_description"] == "More than the role VIEWER may: monitor.admin."


def test_the_secret_may_stand_in_the_body(machine):
    pair = {"client_id": machine.client_id, "client_secret": machine.secret}
    answer = machine.post("/oauth/token", {"grant_type": "client_credentials", **pair})
    assert answer.status_code == 200


@pytest.mark.parametrize("secret", ["", "wrong", "\x00", "é"])
def test_a_wrong_secret_is_refused(machine, secret):
    machine.secret = secret
    assert error_of(machine.token("client_credentials"), 401) == "invalid_client"


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic é", "Basic Og==", "Basic /w==", "Bearer x", "Basic a b"])
def test_junk_in_the_header_is_refused(machine, header):
    body = {"grant_type": "client_credentials"}
    answer = machine.post("/oauth/token", body, Authorization=header)
    assert error_of(answer, 401) == "invalid_client"


def test_a_public_client_cannot_be_a_machine(native, cli):
    for client in (native, cli):
        assert error_of(client.token("client_credentials"), 401) == "invalid_client"
        empty = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": ""}
        assert error_of(client.post("/oauth/token", empty), 401) == "invalid_client"


def test_a_web_application_cannot_act_for_itself(web):
    assert error_of(web.token("client_credentials")) == "unauthorized_client"


def test_a_machine_has_its_own_scopes_only_and_no_identity(register):
    client = register("machine", scopes="monitor.read")
    for scope in ("monitor.admin", "openid", "everything"):
        assert error_of(client.token("client_credentials", scope=scope)) == "invalid_scope"


def test_a_scope_above_the_role_of_whoever_registered_it_is_refused(register, bob, workspace):
    client = register("machine", user=bob)
    token = client.token("client_credentials", scope="monitor.admin").json()["access_token"]
    Membership.objects.filter(user=bob, workspace=workspace).update(role=Role.VIEWER)
    assert error_of(client.token("client_credentials", scope="monitor.admin")) == "invalid_scope"
    assert client.token("client_credentials", scope="monitor.read").status_code == 200
    assert call(token, "POST", body=MONITOR).status_code == 403


def test_a_machine_dies_with_the_membership_of_whoever_registered_it(register, bob, workspace):
    client = register("machine", user=bob)
    token = client.token("client_credentials").json()["access_token"]
    Membership.objects.filter(user=bob, workspace=workspace).delete()
    assert call(token).status_code == 401
    assert error_of(client.token("client_credentials")) == "unauthorized_client"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password", "username": "alice@example.org", "password": "x"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": ["client_credentials", "password"]}, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": ["a", "b"]}, "invalid_request"),
        ({"grant_type": "client_credentials", "resource": "https://elsewhere.example"}, "invalid_target"),
        ({"grant_type": "client_credentials", "resource": "\x00"}, "invalid_target"),
    ],
)
def test_what_the_token_endpoint_does_not_take(machine, fields, error):
    pair = {"client_id": machine.client_id, "client_secret": machine.secret}
    assert error_of(machine.post("/oauth/token", {**pair, **fields})) == error


def test_no_parameter_can_stand_for_what_we_found_out_ourselves(machine):
    junk = {"acting": "1", "code_digest": "x" * 500, "device_grant": "1", "membership": "1"}
    assert machine.token("client_credentials", **junk).status_code == 200


def test_only_posts_and_forms_are_taken(machine):
    assert machine.http.get("/oauth/token").status_code == 405
    answer = machine.http.post("/oauth/token", "{}", content_type="application/json")
    assert error_of(answer) == "invalid_request"
    assert "application/x-www-form-urlencoded" in answer.json()["error_description"]
    assert error_of(machine.post("/oauth/token?grant_type=client_credentials", {})) == "invalid_request"


def test_the_token_endpoint_is_throttled_by_address(machine, limit):
    limit("token", 5)
    machine.secret = "wrong"
    statuses = [machine.token("client_credentials").status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    answer = machine.token("client_credentials")
    assert error_of(answer, 429) == "temporarily_unavailable"
    assert int(answer["Retry-After"]) > 0
