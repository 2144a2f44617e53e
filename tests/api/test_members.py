"""Members of a workspace and its audit log."""

import pytest

from accounts.models import Membership


@pytest.fixture
def of(workspace):
    """`of(user)`: the address of their membership."""

    def address(user):
        return f"/api/members/{Membership.objects.get(workspace=workspace, user=user).pk}"

    return address


def test_members_are_listed_for_everybody(viewer, alice, bob, vera):
    listed = viewer.get("/api/members").json()
    assert sorted((one["email"], one["role"]) for one in listed["items"]) == [
        ("alice@example.org", "OWNER"), ("bob@example.org", "MEMBER"), ("vera@example.org", "VIEWER"),
    ]  # fmt: skip
    assert viewer.get("/api/members?role=OWNER").json()["total"] == 1
    assert viewer.get("/api/members?email=BOB@example.org").json()["items"][0]["userId"] == bob.pk


def test_an_owner_gives_roles_and_the_last_stays(api, of, alice, bob, member, pointers):
    assert pointers(api.patch(of(bob), {"role": "KING"})) == {"/role": "invalid_choice"}
    assert api.patch(of(bob), {"role": "ADMIN"}).json()["role"] == "ADMIN"
    assert member.patch(of(alice), {"role": "VIEWER"}).status_code == 403, "only an owner touches an owner"
    assert member.patch(of(bob), {"role": "OWNER"}).status_code == 403
    assert api.patch(of(alice), {"role": "MEMBER"}).status_code == 409
    assert api.delete(of(alice)).status_code == 409
    assert api.put(of(bob), {"role": "OWNER"}).status_code == 200
    assert api.patch(of(alice), {"role": "MEMBER"}).status_code == 200


def test_a_role_that_somebody_else_changed_meanwhile_is_not_overwritten(api, of, bob):
    read = api.get(of(bob))
    assert api.get(of(bob), If_None_Match=read["ETag"]).status_code == 304
    assert api.patch(of(bob), {"role": "ADMIN"}, If_Match=read["ETag"]).status_code == 200
    assert api.put(of(bob), {"role": "VIEWER"}, If_Match=read["ETag"]).status_code == 412
    assert api.delete(of(bob), If_Match=read["ETag"]).status_code == 412
    assert api.delete(of(bob), If_Match=api.get(of(bob))["ETag"]).status_code == 204


def test_who_may_not_is_told_so_whatever_the_body_says(member, viewer, of, alice, bob, workspace):
    Membership.objects.filter(workspace=workspace, user=bob).update(role="ADMIN")
    for body in ({}, {"role": "KING"}, {"colour": 1}):
        assert viewer.patch(of(bob), body).status_code == 403
        assert member.patch(of(alice), body).status_code == 403, "an admin, but only an owner touches an owner"
        assert member.patch(of(bob), body).status_code == (400 if body else 200)


def test_a_removed_members_token_is_dead_and_stays_so(api, member, of, bob, workspace):
    assert member.delete(of(bob)).status_code == 204, "one may leave"
    assert member.get("/api/monitors").status_code == 401
    Membership.objects.create(workspace=workspace, user=bob)
    assert member.get("/api/monitors").status_code == 401


def test_who_may_remove_whom(api, member, viewer, stranger, of, bob, vera, alice):
    assert viewer.delete(of(bob)).status_code == 403
    assert member.delete(of(vera)).status_code == 403
    assert stranger.delete(of(vera)).status_code == 404
    assert stranger.get(of(vera)).status_code == 404
    assert api.delete(of(vera)).status_code == 204


def test_the_log_is_for_admins(api, member, stranger, monitor):
    assert member.get("/api/audit-log").status_code == 403
    api.patch(f"/api/monitors/{monitor.pk}", {"name": "Other"})
    found = api.get("/api/audit-log?objectType=monitor&limit=1").json()
    entry = found["items"][0]
    assert (entry["verb"], entry["actor"], entry["objectId"]) == ("edit", "alice@example.org", str(monitor.pk))
    assert entry["changes"] == {"name": ["Shop", "Other"]}
    assert entry["tokenId"]
    older = api.get(f"/api/audit-log?objectType=monitor&cursor={found['nextCursor']}").json()
    assert [one["verb"] for one in older["items"]] == ["create"]
    assert stranger.get("/api/audit-log?objectType=monitor").json()["items"] == []
    assert api.get(f"/api/audit-log/{entry['id']}").json() == entry
