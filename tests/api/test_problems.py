"""Every error is a problem; none is HTML, none is a fault of ours."""

import json

import pytest

from accounts.models import ApiToken


def is_problem(answer, status):
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body = json.loads(answer.content)
    assert set(body) == {"type", "title", "status", "detail", "instance", "errors"}
    assert body["status"] == status
    assert body["type"].startswith("/problems/")
    return body


MONITORS = "/api/v1/monitor"


@pytest.mark.parametrize(
    "raw",
    [
        b"{", b"", b"[]", b'"x"', b"5", b"null", b'{"name": "a", "name": "b"}', b'{"timeoutMs": NaN}', b'{"a": 1e999}',
        b'{"name": "\xff"}', b"\xef\xbb\xbf{}", b'{"name": "a\\u0000b"}', b'{"name": "\\ud800"}', b'{"a\\u0000": 1}',
        b"[" * 100_000, b'{"a":' * 70 + b"1" + b"}" * 70, b'{"timeoutMs": ' + b"9" * 5000 + b"}",
        b'{"timeoutMs": 99999999999999999999}', b"{}\x00", b"{'a': 1}", b"name=x",
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_used_is_400(api, raw):
    is_problem(api.ask("POST", MONITORS, raw=raw), 400)


def test_values_that_no_database_holds_are_named(api, pointers):
    raw = b'{"name": "a\\u0000b", "tags": ["ok", "\\ud800"], "timeoutMs": 99999999999999999999}'
    assert pointers(api.ask("POST", MONITORS, raw=raw)) == {
        "/name": "nul", "/tags/1": "surrogate", "/timeoutMs": "too_large",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x", ";"])
def test_another_media_type_is_415(api, kind):
    is_problem(api.ask("POST", MONITORS, raw=b"{}", content_type=kind), 415)


def test_a_body_over_a_mebibyte_is_413(api):
    is_problem(api.ask("POST", MONITORS, raw=b'{"name": "' + b"x" * 2**20 + b'"}'), 413)
    is_problem(api.ask("POST", MONITORS, raw=b" " * 2**23, Idempotency_Key="big"), 413)


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/v1/monitor/", "/api/v1/monitor/x", "/api/v9"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_address_is_404(api, anybody, path, method):
    is_problem(api.ask(method, path), 404)
    is_problem(anybody.ask(method, path), 404)


def test_ids_beyond_every_column_are_404(api):
    for pk in (2**63, 10**30, 2**63 - 1, 0):
        is_problem(api.get(f"{MONITORS}/{pk}"), 404)
        is_problem(api.get(f"/api/incidents/{pk}/notes/{pk}"), 404)


def test_another_method_is_405_and_says_which_are_taken(api):
    answer = api.ask("PUT", MONITORS, {})
    is_problem(answer, 405)
    assert "POST" in answer["Allow"]
    is_problem(api.ask("BREW", MONITORS), 405)


def test_no_credentials_are_401_with_a_challenge(anybody):
    answer = anybody.get(MONITORS)
    is_problem(answer, 401)
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    "given", ["Bearer", "Bearer x", "Bearer ws_" + "a" * 40, "bearer \x7f\xff" * 9, "Bearer " + "a" * 9999]
)
def test_wrong_credentials_are_401(anybody, given):
    answer = anybody.get(MONITORS, Authorization=given)
    is_problem(answer, 401)
    assert answer["WWW-Authenticate"]


def test_another_scheme_is_401(anybody):
    is_problem(anybody.get(MONITORS, Authorization="Basic YTpi"), 401)


def test_revoked_disabled_and_expired_tokens_end_at_once(api, workspace, now):
    assert api.get(MONITORS).status_code == 200
    ApiToken.objects.update(is_enabled=False)
    is_problem(api.get(MONITORS), 401)
    ApiToken.objects.update(is_enabled=True, expires_at=now.replace(year=2000))
    is_problem(api.get(MONITORS), 401)
    ApiToken.objects.update(expires_at=None)
    assert api.get(MONITORS).status_code == 200
    ApiToken.objects.all().delete()
    is_problem(api.get(MONITORS), 401)


def test_a_token_ends_with_its_owners_membership(member, bob, workspace):
    assert member.get(MONITORS).status_code == 200
    bob.memberships.filter(workspace=workspace).delete()
    is_problem(member.get(MONITORS), 401)


def test_a_token_acts_in_its_own_workspace_only(api, workspace, charlie):
    assert api.get(MONITORS, X_Workspace=workspace.slug).status_code == 200
    assert api.get(MONITORS, X_Workspace=str(workspace.pk)).status_code == 200
    is_problem(api.get(MONITORS, X_Workspace=charlie.workspaces.get().slug), 404)
    is_problem(api.get(MONITORS, X_Workspace="\x00"), 404)


def test_accept_is_not_asked(api):
    answer = api.get(MONITORS, Accept="text/html")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert api.get(f"{MONITORS}?format=api").status_code == 400


def test_a_fault_of_ours_is_a_problem_too(api, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("secret inside")

    monkeypatch.setattr("monitors.services.create_monitor", broken)
    api.client.raise_request_exception = False
    answer = api.post(MONITORS, {"name": "x", "type": "http", "url": "https://x.example"})
    assert "secret inside" not in is_problem(answer, 500)["detail"]
