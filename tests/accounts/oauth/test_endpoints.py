"""Bearer tokens at the API, introspection, revocation, userinfo, ID tokens and discovery."""

import json
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.test import Client
from jwcrypto import jwk, jwt
from oauth2_provider.models import get_access_token_model
from oauth2_provider.views.mixins import OAuthLibMixin

from accounts.models import ApiToken, Membership
from accounts.oauth.selectors import live_bearer
from common import clock
from tests.accounts.oauth.conftest import call, error_of, pkce

ISSUER = django_settings.PUBLIC_URL


def test_looking_a_token_up_is_one_query(web, machine, token_of, alice, workspace, django_assert_num_queries):
    person = web.signed_in(alice, workspace)["access_token"]
    itself = machine.token("client_credentials").json()["access_token"]
    for secret in (person, itself, token_of(alice), "wso_unknown", "ws_unknown"):
        with django_assert_num_queries(1):
            found = live_bearer(secret, clock.now())
            if found:
                token, membership = found
                assert (token.user, token.scopes, membership.workspace) == (alice, token.scopes, workspace)
                assert token.id
        assert bool(found) == ("unknown" not in secret)


def test_a_token_that_ran_out_is_refused(web, alice, workspace):
    token = web.signed_in(alice, workspace)["access_token"]
    get_access_token_model().objects.update(expires=clock.now() - timedelta(seconds=1))
    assert call(token).status_code == 401


def test_a_token_of_a_removed_member_dies_at_once(web, bob, workspace):
    token = web.signed_in(bob, workspace)["access_token"]
    assert call(token).status_code == 200
    Membership.objects.filter(user=bob, workspace=workspace).delete()
    answer = call(token)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_token_acts_in_its_own_workspace_only(web, bob, workspace):
    token = web.signed_in(bob, workspace)["access_token"]
    own = bob.workspaces.exclude(pk=workspace.pk).get()
    headers = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/monitors", headers={**headers, "X-Workspace": own.slug}).status_code == 404
    assert Client().get("/api/monitors", headers={**headers, "X-Workspace": workspace.slug}).status_code == 200


def test_a_token_in_the_address_opens_nothing(web, alice, workspace):
    token = web.signed_in(alice, workspace, scope="openid monitor.read")["access_token"]
    assert Client().get(f"/api/monitors?access_token={token}").status_code == 401
    assert error_of(Client().get(f"/oauth/userinfo?access_token={token}")) == "invalid_request"


def test_an_application_cannot_make_itself_a_key_that_lasts(web, alice, workspace):
    token = web.signed_in(alice, workspace, scope="monitor.admin")["access_token"]
    answer = call(token, "POST", "/api/tokens", '{"name": "mine", "scopes": ["monitor.read"]}')
    assert answer.status_code == 403
    assert not ApiToken.objects.exists()


# Introspection (RFC 7662)


def introspect(client, token):
    pair = {"client_id": client.client_id, "client_secret": client.secret}
    return client.post("/oauth/introspect", {"token": token, **pair})


def test_a_client_is_told_about_its_own_tokens(web, alice, workspace):
    given = web.signed_in(alice, workspace)
    told = introspect(web, given["access_token"])
    assert told["Cache-Control"] == "no-store"
    body = told.json()
    assert body["exp"] - body["iat"] in (3599, 3600)
    assert {name: body[name] for name in ("active", "scope", "client_id", "username", "iss", "sub")} == {
        "active": True,
        "scope": "monitor.read",
        "client_id": web.client_id,
        "username": "alice@example.org",
        "iss": ISSUER,
        "sub": str(alice.pk),
    }


def test_only_neighbours_are_told_about_a_token(web, register, machine, cli, alice, charlie, workspace):
    token = web.signed_in(alice, workspace)["access_token"]
    assert introspect(machine, token).json()["active"] is True
    stranger = register("machine", user=charlie, workspace=charlie.workspaces.get())
    assert introspect(stranger, token).json() == {"active": False}
    of_cli = cli.signed_in(alice, workspace)["access_token"]
    assert introspect(machine, of_cli).json() == {"active": False}


@pytest.mark.parametrize("junk", ["unknown", "\x00", "x" * 5000])
def test_what_is_no_token_is_inactive(machine, junk):
    assert introspect(machine, junk).json() == {"active": False}


def test_a_token_of_somebody_who_left_is_inactive(web, bob, workspace):
    token = web.signed_in(bob, workspace)["access_token"]
    Membership.objects.filter(user=bob, workspace=workspace).delete()
    assert introspect(web, token).json() == {"active": False}


def test_nobody_introspects_without_proving_who_they_are(web, native, cli, alice, workspace):
    token = web.signed_in(alice, workspace)["access_token"]
    for client in (native, cli):
        assert error_of(introspect(client, token), 401) == "invalid_client"
    web.secret = "wrong"
    answer = introspect(web, token)
    assert error_of(answer, 401) == "invalid_client"
    assert answer["WWW-Authenticate"].startswith("Basic")
    bearer = web.post("/oauth/introspect", {"token": token}, Authorization=f"Bearer {token}")
    assert error_of(bearer, 401) == "invalid_client"
    assert Client().get("/oauth/introspect").status_code == 405


# Revocation (RFC 7009)


def revoke(client, token, **more):
    pair = {"client_id": client.client_id, **({"client_secret": client.secret} if client.secret else {})}
    return client.post("/oauth/revoke", {"token": token, **pair, **more})


@pytest.mark.parametrize("kind", ["web", "native"])
@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_both_at_once(request, kind, which, alice, workspace):
    client = request.getfixturevalue(kind)
    given = client.signed_in(alice, workspace)
    assert revoke(client, given[which], token_type_hint=which).status_code == 200
    assert call(given["access_token"]).status_code == 401
    assert error_of(client.refresh(given["refresh_token"])) == "invalid_grant"


def test_another_clients_token_is_not_revoked_and_not_told_of(web, native, alice, workspace):
    given = web.signed_in(alice, workspace)
    assert revoke(native, given["access_token"]).status_code == 200
    assert revoke(native, "unknown").status_code == 200
    assert call(given["access_token"]).status_code == 200


def test_revoking_asks_for_the_secret_and_a_token(web, alice, workspace):
    given = web.signed_in(alice, workspace)
    assert error_of(revoke(web, "")) == "invalid_request"
    web.secret = "wrong"
    assert error_of(revoke(web, given["access_token"]), 401) == "invalid_client"
    assert error_of(Client().post("/oauth/revoke", {"token": "x"}), 401) == "invalid_client"


# OpenID Connect


def test_an_id_token_says_who_signed_in_and_can_be_checked(web, alice, workspace):
    given = web.signed_in(alice, workspace, scope="openid profile email", nonce="n0nce")
    keys = jwk.JWKSet.from_json(Client().get("/oauth/jwks").content)
    claims = json.loads(jwt.JWT(jwt=given["id_token"], key=keys).claims)
    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, web.client_id, str(alice.pk))
    assert (claims["nonce"], claims["email"], claims["name"]) == ("n0nce", "alice@example.org", "Alice")
    renewed = web.refresh(given["refresh_token"]).json()
    assert json.loads(jwt.JWT(jwt=renewed["id_token"], key=keys).claims)["sub"] == str(alice.pk)


def test_userinfo_tells_what_the_scopes_allow(web, alice, workspace):
    def ask(scope):
        token = web.signed_in(alice, workspace, scope=scope)["access_token"]
        return Client().get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})

    assert ask("openid").json() == {"sub": str(alice.pk)}
    assert ask("openid email").json() == {"sub": str(alice.pk), "email": "alice@example.org"}
    assert ask("openid profile").json()["name"] == "Alice"
    assert error_of(Client().get("/oauth/userinfo"), 401) == "invalid_token"


def test_userinfo_ends_with_the_membership(web, bob, workspace):
    token = web.signed_in(bob, workspace, scope="openid")["access_token"]
    Membership.objects.filter(user=bob, workspace=workspace).delete()
    answer = Client().get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert error_of(answer, 401) == "invalid_token"


# Discovery


def test_the_metadata_tells_what_the_endpoints_take(db):
    answer = Client().get("/.well-known/oauth-authorization-server")
    told = answer.json()
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert told["issuer"] == ISSUER
    for name, path in {
        "authorization_endpoint": "/oauth/authorize",
        "token_endpoint": "/oauth/token",
        "device_authorization_endpoint": "/oauth/device-authorization",
        "revocation_endpoint": "/oauth/revoke",
        "introspection_endpoint": "/oauth/introspect",
        "jwks_uri": "/oauth/jwks",
    }.items():
        assert told[name] == ISSUER + path
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["response_types_supported"] == ["code"]
    assert told["grant_types_supported"] == [
        "authorization_code",
        "client_credentials",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
    ]
    assert "none" in told["token_endpoint_auth_methods_supported"]
    assert "none" not in told["introspection_endpoint_auth_methods_supported"]
    assert "monitor.admin" in told["scopes_supported"]


def test_openid_discovery_agrees_with_it(db):
    told = Client().get("/.well-known/openid-configuration").json()
    assert told["userinfo_endpoint"] == ISSUER + "/oauth/userinfo"
    assert told["id_token_signing_alg_values_supported"] == ["RS256"]
    assert told["response_types_supported"] == ["code"]
    assert {"sub", "email", "name"} <= set(told["claims_supported"])
    server = Client().get("/.well-known/oauth-authorization-server").json()
    assert {name: told[name] for name in server if name in told} == {
        name: server[name] for name in server if name in told
    } | {"scopes_supported": told["scopes_supported"]}


def forget_servers(view=OAuthLibMixin):
    """The library keeps one server for each view class, made with the settings of the first request."""
    for kind in view.__subclasses__():
        forget_servers(kind)
    if "_oauthlib_core" in vars(view):
        del view._oauthlib_core


@pytest.fixture
def without_a_key(web, settings):
    """OpenID Connect is switched off after the application asked for it."""
    scopes = {name: text for name, text in settings.OAUTH2_PROVIDER["SCOPES"].items() if name != "openid"}
    settings.OAUTH2_PROVIDER = {
        **settings.OAUTH2_PROVIDER,
        "OIDC_ENABLED": False,
        "OIDC_RSA_PRIVATE_KEY": "",
        "SCOPES": scopes,
    }
    forget_servers()
    yield
    forget_servers()


@pytest.mark.usefixtures("without_a_key")
def test_without_a_key_there_is_oauth_but_no_openid(web, machine, alice):
    assert Client().get("/.well-known/openid-configuration").status_code == 404
    assert Client().get("/oauth/jwks").status_code == 404
    assert "jwks_uri" not in Client().get("/.well-known/oauth-authorization-server").json()
    browser = Client()
    browser.force_login(alice)
    assert "error=invalid_scope" in browser.get(web.authorize_address(pkce()[1], "openid"))["Location"]
    assert machine.token("client_credentials").status_code == 200
