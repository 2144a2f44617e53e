"""Authorization code with PKCE: the way through, and each refusal with its error."""

import pytest
from django.test import Client

from accounts.actor import SYSTEM
from accounts.models import AuditEntry, Membership, OAuthAccess, OAuthGrant, Role
from accounts.services import create_workspace
from tests.accounts.oauth.conftest import CALLBACK, call, error_of, pkce, query_of


def test_a_person_lets_an_application_in_and_it_acts_in_the_workspace_they_chose(web, alice, workspace, settings):
    other = create_workspace(name="Other", owner=alice, by=SYSTEM)
    verifier, challenge = pkce()
    back = web.consent(alice, other, challenge=challenge)
    assert back["state"] == "st4te"
    assert back["iss"] == settings.PUBLIC_URL
    answer = web.exchange(back["code"], verifier)
    given = answer.json()
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert (given["token_type"], given["scope"], given["expires_in"]) == ("Bearer", "monitor.read", 3600)
    assert call(given["access_token"]).status_code == 200
    assert OAuthAccess.objects.get().workspace == other
    entry = AuditEntry.objects.get(verb="authorize")
    assert (entry.user, entry.workspace, entry.changes) == (alice, other, {"scopes": [None, ["monitor.read"]]})


def test_a_public_client_needs_no_secret_but_pkce(native, alice, workspace):
    assert call(native.signed_in(alice, workspace)["access_token"]).status_code == 200


def test_nothing_that_opens_a_door_is_kept_in_clear(web, alice, workspace):
    verifier, challenge = pkce()
    back = web.consent(alice, workspace, challenge=challenge)
    assert OAuthGrant.objects.get().code != back["code"]
    given = web.exchange(back["code"], verifier).json()
    access = OAuthAccess.objects.get()
    assert access.token.token == ""
    assert access.token.refresh_token.token == ""
    assert given["access_token"].startswith("wso_")
    web.application.refresh_from_db()
    assert web.secret not in web.application.client_secret


def test_denying_sends_access_denied_back(web, alice, workspace, settings):
    back = web.consent(alice, workspace, challenge=pkce()[1], allow=False)
    assert (back["error"], back["state"], back["iss"]) == ("access_denied", "st4te", settings.PUBLIC_URL)
    assert not OAuthGrant.objects.exists()


def asked(client, person, **more):
    """The query that the application gets at once, without a question to the person."""
    browser = Client()
    browser.force_login(person)
    challenge = more.pop("code_challenge", pkce()[1])
    answer = browser.get(client.authorize_address(challenge, **more))
    assert answer.status_code == 302, answer.content
    assert answer["Location"].startswith(CALLBACK + "?")
    return query_of(answer["Location"])


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "x" * 300}, "invalid_request"),
        ({"nonce": "n" * 300}, "invalid_request"),
        ({"nonce": "\x00"}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"response_type": "bogus"}, "unsupported_response_type"),
        ({"scope": "user.create"}, "invalid_scope"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"prompt": "none"}, "consent_required"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
    ],
)
@pytest.mark.parametrize("kind", ["web", "native"])
def test_what_an_application_may_not_ask_is_told_to_it(request, kind, alice, more, error):
    client = request.getfixturevalue(kind)
    back = asked(client, alice, **more)
    assert back["error"] == error
    assert back["state"] == "st4te"
    assert "iss" in back


def test_scopes_above_the_role_are_refused_in_every_workspace(web, vera, workspace):
    Membership.objects.filter(user=vera).exclude(workspace=workspace).delete()
    assert asked(web, vera, scope="monitor.admin")["error"] == "invalid_scope"


def test_scopes_above_the_role_are_refused_when_the_form_is_tampered_with(web, vera, workspace):
    """Vera owns a workspace of her own: the page offers that one only."""
    browser = Client()
    browser.force_login(vera)
    address = web.authorize_address(pkce()[1], "monitor.admin")
    page = browser.get(address)
    offered = [value for value, _ in page.context["form"].fields["workspace"].choices]
    assert str(workspace.pk) not in offered
    fields = {name: value for name, value in page.context["form"].initial.items() if value}
    answer = browser.post(address, {**fields, "workspace": workspace.pk, "allow": "true"})
    assert query_of(answer["Location"])["error"] == "invalid_scope"
    assert not OAuthGrant.objects.exists()


def test_somebody_elses_workspace_cannot_be_chosen(web, charlie, workspace):
    browser = Client()
    browser.force_login(charlie)
    address = web.authorize_address(pkce()[1])
    fields = {name: value for name, value in browser.get(address).context["form"].initial.items() if value}
    answer = browser.post(address, {**fields, "workspace": workspace.pk, "allow": "true"})
    assert answer["Location"] == address
    assert not OAuthGrant.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": CALLBACK + "/more"},
        {"redirect_uri": CALLBACK + "?next=https://evil.example"},
        {"redirect_uri": CALLBACK + "#fragment"},
        {"redirect_uri": "https://app.example@evil.example/callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "\x00"},
        {"client_id": "nobody"},
        {"client_id": "\x00"},
        {"client_id": None},
    ],
)
@pytest.mark.parametrize("more", [{}, {"prompt": "none"}, {"scope": "everything"}, {"response_type": "bogus"}])
def test_nobody_is_sent_where_the_application_is_not(web, alice, wrong, more):
    address = web.authorize_address(pkce()[1], **{**more, **wrong})
    browser = Client()
    browser.force_login(alice)
    answer = browser.get(address)
    assert answer.status_code == 400
    assert "Location" not in answer
    nobody = Client().get(address)
    assert nobody.status_code in (302, 400)
    assert nobody.get("Location", "/sign-in").startswith("/sign-in")


def test_a_query_that_cannot_be_read_is_no_fault_of_ours(web, alice):
    browser = Client()
    browser.force_login(alice)
    for query in ("client_id=%zz", "%", "client_id=a&client_id=b", "a=%ff%fe"):
        assert browser.get(f"/oauth/authorize?{query}").status_code == 400


def test_who_is_not_signed_in_signs_in_first(web):
    answer = Client().get(web.authorize_address(pkce()[1]))
    assert answer["Location"].startswith("/sign-in?next=/oauth/authorize")
    silent = Client().get(web.authorize_address(pkce()[1], prompt="none"))
    assert query_of(silent["Location"])["error"] == "login_required"


def test_prompt_login_asks_for_the_password_again(web, alice):
    browser = Client()
    browser.force_login(alice)
    answer = browser.get(web.authorize_address(pkce()[1], prompt="login"))
    assert answer["Location"].startswith("/sign-in?next=")
    assert "prompt" not in answer["Location"]
    assert "_auth_user_id" not in browser.session


def test_a_person_is_asked_again_though_the_application_would_rather_not(web, alice, workspace):
    web.signed_in(alice, workspace)
    browser = Client()
    browser.force_login(alice)
    assert browser.get(web.authorize_address(pkce()[1], approval_prompt="auto")).status_code == 200


def test_the_page_lets_its_form_end_at_the_application_and_nowhere_else(web, cli, alice):
    browser = Client()
    browser.force_login(alice)
    policy = browser.get(web.authorize_address(pkce()[1]))["Content-Security-Policy"]
    assert "form-action 'self' https://app.example;" in policy
    assert "script-src 'self';" in policy
    cli.redirect_uri = "http://127.0.0.1:49152/callback"
    policy = browser.get(cli.authorize_address(pkce()[1]))["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:49152;" in policy
    cli.redirect_uri = "http://[::1]:49152/callback"
    policy = browser.get(cli.authorize_address(pkce()[1]))["Content-Security-Policy"]
    assert "form-action 'self' http:;" in policy


def test_without_the_token_of_the_form_nothing_is_allowed(web, alice, workspace):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    answer = browser.post(web.authorize_address(pkce()[1]), {"allow": "true", "workspace": workspace.pk})
    assert answer.status_code == 403


@pytest.mark.parametrize("kind", ["web", "native"])
def test_pkce_cannot_be_left_out_at_the_end(request, kind, alice, workspace):
    client = request.getfixturevalue(kind)
    back = client.consent(alice, workspace, challenge=pkce()[1])
    assert error_of(client.exchange(back["code"], None)) == "invalid_request"
    assert error_of(client.exchange(back["code"], "y" * 64)) == "invalid_grant"
    assert not OAuthAccess.objects.exists()


def test_a_code_works_once_and_its_second_use_ends_what_it_gave(web, alice, workspace):
    verifier, challenge = pkce()
    back = web.consent(alice, workspace, challenge=challenge)
    given = web.exchange(back["code"], verifier).json()
    given = web.refresh(given["refresh_token"]).json()
    assert call(given["access_token"]).status_code == 200
    assert error_of(web.exchange(back["code"], verifier)) == "invalid_grant"
    assert call(given["access_token"]).status_code == 401
    assert error_of(web.refresh(given["refresh_token"])) == "invalid_grant"


def test_another_clients_repeat_of_a_code_ends_nothing(web, register, alice, workspace):
    other = register("web")
    verifier, challenge = pkce()
    back = web.consent(alice, workspace, challenge=challenge)
    assert error_of(other.exchange(back["code"], verifier)) == "invalid_grant"
    given = web.exchange(back["code"], verifier).json()
    assert error_of(other.exchange(back["code"], verifier)) == "invalid_grant"
    assert call(given["access_token"]).status_code == 200


def test_a_code_is_for_the_address_it_was_asked_with(register, alice, workspace):
    client = register("web", uris=[CALLBACK, "https://app.example/other"])
    verifier, challenge = pkce()
    back = client.consent(alice, workspace, challenge=challenge)
    wrong = client.exchange(back["code"], verifier, redirect_uri="https://app.example/other")
    assert error_of(wrong) == "invalid_grant"
    assert error_of(client.exchange(back["code"], verifier, redirect_uri=None)) == "invalid_request"


def test_a_code_is_good_for_a_minute(web, alice, workspace, now):
    verifier, challenge = pkce()
    back = web.consent(alice, workspace, challenge=challenge)
    OAuthGrant.objects.update(expires=now.replace(year=2020))
    assert error_of(web.exchange(back["code"], verifier)) == "invalid_grant"


def test_a_client_with_a_secret_must_prove_it(web, alice, workspace):
    verifier, challenge = pkce()
    back = web.consent(alice, workspace, challenge=challenge)
    web.secret, right = "wrong", web.secret
    refused = web.exchange(back["code"], verifier)
    assert error_of(refused, 401) == "invalid_client"
    assert refused["WWW-Authenticate"].startswith("Basic")
    web.secret = ""
    assert error_of(web.exchange(back["code"], verifier), 401) == "invalid_client"
    web.secret = right
    assert web.exchange(back["code"], verifier).status_code == 200


def test_a_code_of_somebody_who_left_gives_nothing(web, bob, workspace):
    verifier, challenge = pkce()
    back = web.consent(bob, workspace, challenge=challenge)
    Membership.objects.filter(user=bob, workspace=workspace).delete()
    assert error_of(web.exchange(back["code"], verifier)) == "invalid_grant"


def test_the_role_still_decides_what_a_token_may_do(web, alice, bob, workspace):
    given = web.signed_in(bob, workspace, scope="monitor.admin")
    Membership.objects.filter(user=bob, workspace=workspace).update(role=Role.VIEWER)
    assert call(given["access_token"]).status_code == 200
    assert call(given["access_token"], "POST", body='{"name": "x"}').status_code == 403
