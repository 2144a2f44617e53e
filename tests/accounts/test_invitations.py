"""Invitations: by the API, by mail, and the page behind the link."""

from datetime import timedelta
from html import unescape

import pytest
from django.core import mail
from django.test import Client

from accounts import invitations
from accounts.actor import Actor
from accounts.models import Invitation, Membership, User
from common.clock import now as clock_now
from tests.api.conftest import Caller

NEW = {"name": "Dora", "password": "a long enough pass phrase"}


@pytest.fixture
def api(alice, token_of):
    return Caller(token_of(alice))


@pytest.fixture
def link(workspace, alice):
    """`link(email)`: the path that the mail to a new invitation holds."""

    def make(email="dora@example.org", role="MEMBER", at=None):
        made = invitations.invite(workspace=workspace, email=email, role=role, by=Actor(alice), now=at or clock_now())
        return "/" + invitations.link_of(made).split("/", 3)[3]

    return make


def test_an_admin_invites_lists_and_takes_back(api, settings):
    settings.EMAIL_HOST = "mail.example"
    made = api.post("/api/invitations", {"email": " Dora@Example.org ", "role": "VIEWER"})
    assert made.status_code == 201, made.content
    assert (made.json()["email"], made.json()["role"], made.json()["url"]) == ("dora@example.org", "VIEWER", None)
    again = api.post("/api/invitations", {"email": "dora@example.org"})
    assert again.json()["role"] == "MEMBER"
    assert [one["id"] for one in api.get("/api/invitations").json()["items"]] == [again.json()["id"]]
    assert api.delete(again["Location"]).status_code == 204
    assert api.get("/api/invitations").json()["total"] == 0


def test_an_open_invitation_gets_another_role_and_keeps_its_link(api, link, workspace, bob, token_of):
    path = link()
    address = f"/api/invitations/{Invitation.objects.get().pk}"
    read = api.get(address)
    assert api.put(address, read.json() | {"role": "VIEWER"}, If_Match=read["ETag"]).json()["role"] == "VIEWER"
    assert api.patch(address, {"role": "ADMIN"}, If_Match=read["ETag"]).status_code == 412
    assert api.delete(address, If_Match=read["ETag"]).status_code == 412
    wrong = api.patch(address, {"role": "KING", "colour": 1}).json()["errors"]
    assert {one["pointer"]: one["code"] for one in wrong} == {"/role": "invalid_choice", "/colour": "unknown"}
    Membership.objects.filter(user=bob).update(role="ADMIN")
    assert Caller(token_of(bob)).patch(address, {"role": "OWNER"}).status_code == 403
    assert Client().post(path, NEW).status_code == 302
    assert Membership.objects.get(workspace=workspace, user__email="dora@example.org").role == "VIEWER"
    assert api.patch(address, {"role": "ADMIN"}).status_code == 409


def test_without_a_mail_server_the_link_is_handed_over(api, settings):
    settings.EMAIL_HOST = ""
    made = api.post("/api/invitations", {"email": "dora@example.org"}).json()
    assert "/invitations/" in made["url"]
    assert api.get(f"/api/invitations/{made['id']}").json()["url"] is None


def test_who_may_invite_whom(api, bob, vera, token_of, alice):
    assert Caller(token_of(bob)).post("/api/invitations", {"email": "x@example.org"}).status_code == 403
    assert Caller(token_of(bob)).get("/api/invitations").status_code == 403
    Membership.objects.filter(user=bob).update(role="ADMIN")
    owner = {"email": "x@example.org", "role": "OWNER"}
    assert Caller(token_of(bob)).post("/api/invitations", owner).status_code == 403
    assert api.post("/api/invitations", owner).status_code == 201
    assert api.post("/api/invitations", {"email": "bob@example.org"}).status_code == 409
    assert api.post("/api/invitations", {"email": "no address"}).status_code == 400


def test_somebody_new_comes_in_with_an_account(link, workspace):
    client, path = Client(), link(role="VIEWER")
    assert workspace.name in unescape(client.get(path).content.decode())
    assert not User.objects.filter(email="dora@example.org").exists(), "a scanner follows links"
    assert client.post(path, {**NEW, "password": "short"}).status_code == 400
    assert client.post(path, NEW).status_code == 302
    dora = User.objects.get(email="dora@example.org")
    assert Membership.objects.get(user=dora, workspace=workspace).role == "VIEWER"
    assert workspace.name in unescape(client.get("/").content.decode())
    again = Client().post(path, NEW)
    assert again.status_code == 404
    assert "accepted already" in again.content.decode()


def test_somebody_known_signs_in_first(link, charlie, workspace):
    path, client = link("charlie@example.org"), Client()
    assert "Sign in to join" in client.get(path).content.decode()
    assert client.post(path, NEW).status_code == 409
    client.force_login(charlie)
    assert client.post(path).status_code == 302
    assert Membership.objects.filter(user=charlie, workspace=workspace).exists()


def test_a_link_is_for_its_address_only(link, charlie, workspace):
    client = Client()
    client.force_login(charlie)
    path = link()
    assert client.post(path).status_code == 404
    assert not Membership.objects.filter(user=charlie, workspace=workspace).exists()
    html = client.get(path).content.decode()
    assert "You are signed in as charlie@example.org" in html
    assert f'name="next" value="{path}"' in html
    assert client.post("/sign-out", {"next": path})["Location"] == path


def test_old_revoked_and_forged_links_do_nothing(link):
    old, gone = link(at=clock_now() - timedelta(days=8)), link("x@example.org")
    Invitation.objects.filter(email="x@example.org").delete()
    for path in (old, gone, "/invitations/forged", gone[:-3]):
        for answer in (Client().get(path), Client().post(path, NEW)):
            assert answer.status_code == 404
            assert "This link does not work" in answer.content.decode()
    assert not User.objects.filter(name="Dora").exists()


def test_the_mail_goes_out_once(link, settings, workspace):
    path, now = link(), clock_now()
    settings.EMAIL_HOST = ""
    assert invitations.send_due_mails(now=now) == 0
    settings.EMAIL_HOST = "mail.example"
    assert invitations.send_due_mails(now=now) == 1
    assert invitations.send_due_mails(now=now) == 0
    assert mail.outbox[0].to == ["dora@example.org"]
    assert path in mail.outbox[0].body
    assert workspace.name in mail.outbox[0].subject
