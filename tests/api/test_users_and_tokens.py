"""The own profile and API tokens."""

import pytest

from accounts.models import ApiToken, AuditEntry
from tests.api.conftest import Caller


def test_the_profile(api, alice):
    body = api.get("/api/v1/user").json()
    assert body == {
        "id": alice.pk, "email": "alice@example.org", "name": "Alice", "timezone": "UTC", "locale": "en",
        "identity": {"provider": "", "subject": ""}, "createdAt": body["createdAt"],
        "trial": {"status": "NONE", "startedAt": None, "endsAt": None, "daysLeft": None, "planId": None},
    }  # fmt: skip


def test_the_profile_needs_user_read(alice, token_of):
    only_monitors = Caller(token_of(alice, "monitor.admin"))
    answer = only_monitors.get("/api/v1/user")
    assert answer.status_code == 403
    assert "user.read" in answer.json()["detail"]


def test_one_changes_the_own_profile(viewer, vera, alice, pointers):
    address = f"/api/v1/user/{vera.pk}"
    whole = viewer.get("/api/v1/user")
    changed = viewer.put(
        address, whole.json() | {"name": "Vera V.", "timezone": "Europe/Berlin"}, If_Match=whole["ETag"]
    )
    assert changed.status_code == 200, changed.content
    assert (changed.json()["name"], changed.json()["timezone"]) == ("Vera V.", "Europe/Berlin")
    assert viewer.put(address, {"name": "x"}, If_Match=whole["ETag"]).status_code == 412
    assert viewer.put(f"/api/v1/user/{alice.pk}", {"name": "x"}).status_code == 404
    assert pointers(viewer.put(address, {"timezone": "Mars/Olympus", "locale": "!", "name": 5, "x": 1})) == {
        "/timezone": "invalid", "/locale": "invalid", "/name": "invalid", "/x": "unknown",
    }  # fmt: skip
    assert pointers(viewer.put(address, {"email": "new@example.org"})) == {"/email": "read_only"}


def test_a_token_is_made_used_listed_and_revoked(api, anybody):
    made = api.post("/api/tokens", {"name": "ci", "scopes": ["monitor.read"], "expiresAt": "2999-01-01T00:00:00Z"})
    assert made.status_code == 201, made.content
    secret = made.json()["token"]
    assert secret.startswith(made.json()["prefix"])
    used = Caller(secret)
    assert used.get("/api/monitors").status_code == 200
    assert used.get("/api/v1/monitor").status_code == 403, "the seed's scope is exact there"
    assert used.post("/api/monitors", {}).status_code == 403
    shown = api.get(made["Location"])
    assert shown.json()["lastUsedAt"]
    assert shown.json()["lastUsedAddress"] == "127.0.0.1"
    assert secret.encode() not in shown.content
    assert secret.encode() not in api.get("/api/tokens?name=ci").content
    assert api.delete(made["Location"]).status_code == 204
    assert used.get("/api/monitors").status_code == 401
    assert AuditEntry.objects.filter(verb="revoke").exists()


def test_a_token_is_replaced_by_its_owner_and_keeps_its_secret(api, member, pointers):
    made = member.post("/api/tokens", {"name": "ci", "scopes": ["monitor.read"], "expiresAt": "2999-01-01T00:00:00Z"})
    address, used = made["Location"], Caller(made.json()["token"])
    assert member.patch(address, {"enabled": False}).json()["enabled"] is False
    read = member.get(address)
    whole = member.put(address, {"name": "deploy", "scopes": ["monitor.admin"]}, If_Match=read["ETag"])
    assert whole.status_code == 200, whole.content
    told = {key: whole.json()[key] for key in ("name", "scopes", "expiresAt", "enabled")}
    assert told == {"name": "deploy", "scopes": ["monitor.admin"], "expiresAt": None, "enabled": True}
    assert used.get("/api/v1/monitor").status_code == 200
    assert member.put(address, whole.json(), If_Match=read["ETag"]).status_code == 412
    assert pointers(member.put(address, {"enabled": 1})) == {
        "/name": "required", "/scopes": "required", "/enabled": "invalid",
    }  # fmt: skip
    assert api.put(address, {"name": "mine", "scopes": ["monitor.read"]}).status_code == 403, "an admin only disables"


def test_wrong_fields_of_a_token_are_named(api, pointers):
    assert pointers(api.post("/api/tokens", {"name": "", "scopes": ["all"], "expiresAt": "soon"})) == {
        "/name": "blank", "/scopes/0": "invalid_choice", "/expiresAt": "invalid",
    }  # fmt: skip
    assert pointers(api.post("/api/tokens", {"name": "x", "scopes": []})) == {"/scopes": "empty"}
    past = {"name": "x", "scopes": ["monitor.read"], "expiresAt": "2020-01-01T00:00:00Z"}
    assert pointers(api.post("/api/tokens", past)) == {"/expiresAt": "past"}


def test_a_token_gives_no_scope_that_it_lacks(alice, token_of, pointers):
    only_monitors = Caller(token_of(alice, "monitor.admin"))
    wanted = {"name": "x", "scopes": ["monitor.read", "user.create"]}
    assert pointers(only_monitors.post("/api/tokens", wanted)) == {"/scopes/1": "not_held"}


def test_a_member_sees_the_own_tokens_and_an_admin_all(api, member, alice, bob):
    assert {one["userId"] for one in member.get("/api/tokens").json()["items"]} == {bob.pk}
    assert {one["userId"] for one in api.get("/api/tokens").json()["items"]} == {alice.pk, bob.pk}
    alices = ApiToken.objects.get(user=alice)
    assert member.delete(f"/api/tokens/{alices.pk}").status_code == 404


@pytest.mark.parametrize("write", ["/api/monitors", "/api/incidents", "/api/v1/monitor", "/api/v1/incident"])
def test_a_viewers_write_is_403_and_says_the_role(viewer, write):
    answer = viewer.post(write, {})
    assert answer.status_code == 403
    assert "MEMBER" in answer.json()["detail"]


def test_a_token_is_renamed_narrowed_disabled_and_enabled_at_once(api, alice):
    made = api.post("/api/tokens", {"name": "ci", "scopes": ["monitor.admin"]})
    address, used = made["Location"], Caller(made.json()["token"])
    changed = api.patch(address, {"name": "CI", "scopes": ["monitor.read"]}, If_Match=api.get(address)["ETag"])
    assert changed.status_code == 200, changed.content
    assert (changed.json()["name"], changed.json()["scopes"]) == ("CI", ["monitor.read"])
    assert "token" not in changed.json()
    assert used.post("/api/monitors", {}).status_code == 403
    assert api.patch(address, {"name": "x"}, If_Match=made.get("ETag", '"1.x-y"')).status_code == 412
    assert api.patch(address, {"enabled": False}).json()["enabled"] is False
    assert used.get("/api/monitors").status_code == 401
    assert api.get("/api/tokens?enabled=false").json()["total"] == 1
    assert api.patch(address, {"enabled": True, "expiresAt": None}).json()["enabled"] is True
    assert used.get("/api/monitors").status_code == 200
    assert AuditEntry.objects.filter(verb="edit", object_type="apitoken").count() == 3


def test_a_rotated_token_has_another_secret_and_the_old_is_dead(api):
    made = api.post("/api/tokens", {"name": "ci", "scopes": ["monitor.read"]})
    before = Caller(made.json()["token"])
    rotated = api.post(f"{made['Location']}/rotate")
    assert rotated.status_code == 200, rotated.content
    assert rotated.json()["id"] == made.json()["id"]
    assert before.get("/api/monitors").status_code == 401
    assert Caller(rotated.json()["token"]).get("/api/monitors").status_code == 200


def test_an_admin_disables_anybodys_token_but_acts_as_nobody_else(api, member, bob, pointers):
    bobs = f"/api/tokens/{ApiToken.objects.get(user=bob).pk}"
    assert api.post(f"{bobs}/rotate").status_code == 403
    assert api.patch(bobs, {"scopes": ["monitor.read"]}).status_code == 403
    assert pointers(api.patch(bobs, {"expiresAt": "2020-01-01T00:00:00Z", "token": "x"})) == {"/token": "unknown"}
    assert api.patch(bobs, {"enabled": False}).status_code == 200
    assert member.get("/api/monitors").status_code == 401


def test_a_token_gets_no_scope_by_an_edit_that_its_editor_lacks(alice, token_of, pointers):
    weak = Caller(token_of(alice, "monitor.admin"))
    own = f"/api/tokens/{ApiToken.objects.get(user=alice).pk}"
    assert pointers(weak.patch(own, {"scopes": ["user.create"]})) == {"/scopes/0": "not_held"}


def test_a_token_costs_one_query(api, django_assert_num_queries):
    api.get("/api/tags")
    with django_assert_num_queries(2):  # the token, and the tags
        api.get("/api/tags")
