"""Registering and keeping applications: rules, pages, who may what, and the audit log."""

import pytest
from django.contrib.auth.hashers import identify_hasher
from django.test import Client

from accounts.actor import Actor
from accounts.models import AuditEntry, Membership, OAuthApplication, Role
from accounts.oauth import services
from accounts.oauth.generators import as_user_code, user_code
from accounts.oauth.redirects import problem_of
from common.invalid import Conflict, Invalid
from tests.accounts.oauth.conftest import CALLBACK, call, error_of

GOOD = [
    "https://app.example/callback",
    "https://app.example:8443/callback?tenant=1",
    "http://127.0.0.1/callback",
    "http://[::1]:8080/callback",
    "http://localhost:3000/callback",
    "com.example.app:/callback",
]
BAD = [
    "http://app.example/callback",
    "https://app.example/callback#here",
    "https://*.app.example/callback",
    "https://me@app.example/callback",
    "https:///callback",
    "https://app.example:99999/",
    "https://app.example/a b",
    "https://app.example/\\evil.example",
    "https://app.example;script-src/",
    "javascript:alert(1)",
    "data:text/html,x",
    "myapp:/callback",
    "//app.example",
    "callback",
    "https://ä.example/",
    "https://app.example/" + "x" * 1000,
    "\x00",
    "",
]


@pytest.mark.parametrize("uri", GOOD)
def test_an_address_that_only_the_application_has_is_taken(uri):
    assert problem_of(uri) is None


@pytest.mark.parametrize("uri", BAD)
def test_an_address_that_somebody_else_could_have_is_refused(uri):
    assert problem_of(uri)


def test_user_codes_are_read_however_they_are_typed():
    code = user_code()
    assert len(code) == 9
    assert as_user_code(f"  {code.lower().replace('-', '')} ") == as_user_code(code) == code


def pointers(**fields):
    wanted = {"kind": "web", "name": "App", "redirect_uris": [CALLBACK], "scopes": ["monitor.read"], **fields}
    user = fields.pop("user", None)
    with pytest.raises(Invalid) as raised:
        services.create_application(user=user, workspace=None, by=Actor(), **wanted)
    return {error.pointer for error in raised.value.errors}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"kind": "other"}, {"/kind"}),
        ({"name": " ", "scopes": []}, {"/name", "/scopes"}),
        ({"name": "x" * 81}, {"/name"}),
        ({"name": "a\nb"}, {"/name"}),
        ({"redirect_uris": []}, {"/redirectUris"}),
        ({"redirect_uris": [CALLBACK, "http://x.example/"]}, {"/redirectUris/1"}),
        ({"redirect_uris": [CALLBACK] * 11}, {"/redirectUris"}),
        ({"scopes": ["monitor.read", "everything"]}, {"/scopes/1"}),
        ({"kind": "machine", "scopes": ["openid"], "redirect_uris": []}, {"/scopes/0"}),
        ({"kind": "machine"}, {"/redirectUris"}),
    ],
)
def test_everything_wrong_is_named_at_once(db, fields, wrong):
    assert pointers(**fields) == wrong
    assert OAuthApplication.objects.filter(user__isnull=False).count() == 0


def test_a_secret_is_kept_as_a_fast_salted_hash(web, register):
    assert identify_hasher(web.application.client_secret).algorithm == "client_secret_sha256"
    assert len(web.secret) == 128
    assert register("native").secret == ""


def test_a_new_secret_ends_the_old_one_and_a_machines_tokens(machine, by_alice):
    token = machine.token("client_credentials").json()["access_token"]
    new = services.roll_secret(application=machine.application, by=by_alice)
    assert call(token).status_code == 401
    assert error_of(machine.token("client_credentials"), 401) == "invalid_client"
    machine.secret = new
    assert machine.token("client_credentials").status_code == 200


def test_an_app_without_a_secret_gets_none(native, by_alice):
    with pytest.raises(Conflict):
        services.roll_secret(application=native.application, by=by_alice)


def test_deleting_an_application_ends_its_tokens(web, alice, workspace, by_alice):
    token = web.signed_in(alice, workspace)["access_token"]
    services.delete_application(application=web.application, by=by_alice)
    assert call(token).status_code == 401
    entry = AuditEntry.objects.get(verb="delete", object_type="oauthapplication")
    assert (entry.workspace, entry.object_name) == (workspace, "The web app")


def test_an_app_in_the_browser_may_ask_for_tokens_from_its_page(native, web):
    assert native.application.allowed_origins == "https://app.example"
    assert web.application.allowed_origins == ""


# Pages


@pytest.fixture
def browser():
    def of(person, workspace=None):
        client = Client()
        client.force_login(person)
        if workspace:
            client.post("/workspaces/switch", {"workspace": workspace.pk})
        return client

    return of


def form(**fields):
    return {"name": "Mine", "kind": "web", "redirect_uris": CALLBACK, "scopes": ["monitor.read"], **fields}


def test_registering_shows_the_secret_once(browser, alice, workspace):
    page = browser(alice).post("/settings/applications", form())
    assert page.status_code == 201
    secret = page.context["secret"]
    application = OAuthApplication.objects.get(user=alice)
    assert (application.workspace, application.client_type) == (workspace, "confidential")
    text = page.content.decode()
    assert secret in text
    assert application.client_id in text
    again = browser(alice).get(f"/settings/applications/{application.pk}").content.decode()
    assert secret not in again
    assert application.client_secret not in again


def test_a_wrong_form_names_its_fields_and_stores_nothing(browser, alice):
    page = browser(alice).post("/settings/applications", form(name="", redirect_uris="http://x.example", scopes=["no"]))
    assert page.status_code == 400
    assert {"name", "scopes"} <= set(page.context["form"].errors)
    page = browser(alice).post("/settings/applications", form(redirect_uris="http://x.example"))
    assert set(page.context["form"].errors) == {"redirect_uris"}
    assert not OAuthApplication.objects.filter(user=alice).exists()


def test_one_edits_rolls_and_deletes_ones_own(browser, web, alice):
    mine = browser(alice)
    address = f"/settings/applications/{web.application.pk}"
    changed = form(name="New name", redirect_uris="https://app.example/new\nhttps://app.example/newer")
    assert mine.post(address, changed)["Location"] == address
    web.application.refresh_from_db()
    assert web.application.redirect_uris == "https://app.example/new https://app.example/newer"
    assert web.application.name == "New name"
    assert mine.post(address, form(redirect_uris="nonsense")).status_code == 400
    rolled = mine.post(f"{address}/roll")
    assert rolled.context["secret"] != web.secret
    assert rolled["Cache-Control"] == "no-store"
    assert mine.post(f"{address}/delete")["Location"] == "/settings/applications"
    assert not OAuthApplication.objects.filter(pk=web.application.pk).exists()
    verbs = AuditEntry.objects.filter(object_type="oauthapplication").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["create", "edit", "roll", "delete"]


def test_an_admin_deletes_another_persons_application_but_does_not_take_it_over(browser, web, bob, workspace):
    Membership.objects.filter(user=bob, workspace=workspace).update(role=Role.ADMIN)
    admin = browser(bob, workspace)
    address = f"/settings/applications/{web.application.pk}"
    assert admin.get(address).status_code == 200
    assert admin.post(address, form()).status_code == 403
    assert admin.post(f"{address}/roll").status_code == 403
    assert admin.post(f"{address}/delete").status_code == 302


def test_members_and_strangers_do_not_see_it(browser, web, bob, charlie, workspace, cli):
    address = f"/settings/applications/{web.application.pk}"
    for person, where in ((bob, workspace), (charlie, None)):
        client = browser(person, where)
        assert client.get(address).status_code == 404
        for act in ("", "/roll", "/delete"):
            assert client.post(address + act, form()).status_code == 404
        assert client.get(f"/settings/applications/{cli.application.pk}").status_code == 404
        assert web.client_id not in client.get("/settings/applications").content.decode()
    assert browser(bob).get(f"/settings/applications/{2**70}").status_code == 404


def test_a_person_sees_what_acts_for_them_and_ends_it(browser, web, cli, alice, bob, workspace):
    mine, bobs = web.signed_in(alice, workspace), web.signed_in(bob, workspace)
    twice = web.signed_in(alice, workspace, scope="user.read")
    page = browser(alice).get("/settings/applications")
    (one,) = page.context["authorizations"]
    assert (one.application, one.workspace, one.scopes) == (
        web.application,
        workspace,
        ("monitor.read", "user.read"),
    )
    address = f"/settings/applications/{web.application.pk}/{workspace.pk}/revoke"
    assert browser(alice).post(address).status_code == 302
    for given in (mine, twice):
        assert call(given["access_token"]).status_code == 401
        assert error_of(web.refresh(given["refresh_token"])) == "invalid_grant"
    assert call(bobs["access_token"]).status_code == 200
    assert browser(alice).post(address).status_code == 404
    assert AuditEntry.objects.filter(verb="revoke", object_type="oauthapplication", user=alice).count() == 1


def test_the_list_costs_the_same_however_long(browser, register, alice, workspace, django_assert_max_num_queries):
    for _ in range(8):
        register("web").signed_in(alice, workspace)
    client = browser(alice)
    with django_assert_max_num_queries(12):
        assert client.get("/settings/applications").status_code == 200
