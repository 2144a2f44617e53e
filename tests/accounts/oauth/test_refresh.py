"""Refresh tokens: each works once, a second use ends the family, and nothing grows on the way."""

from datetime import timedelta

from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from accounts.actor import Actor
from accounts.models import Membership, OAuthAccess, Role
from accounts.oauth.services import edit_application
from accounts.tasks import clear_tokens
from common import clock
from tests.accounts.oauth.conftest import call, error_of


def test_each_refresh_gives_a_new_pair_in_the_same_workspace(web, alice, workspace):
    first = web.signed_in(alice, workspace)
    second = web.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert call(first["access_token"]).status_code == 401
    assert call(second["access_token"]).status_code == 200
    assert OAuthAccess.objects.get().workspace == workspace


def test_a_second_use_kills_the_family(web, alice, workspace):
    first = web.signed_in(alice, workspace)
    second = web.refresh(first["refresh_token"]).json()
    third = web.refresh(second["refresh_token"]).json()
    assert error_of(web.refresh(first["refresh_token"])) == "invalid_grant"
    assert call(third["access_token"]).status_code == 401
    assert error_of(web.refresh(third["refresh_token"])) == "invalid_grant"


def test_other_families_live_on(web, alice, workspace):
    other = web.signed_in(alice, workspace)
    first = web.signed_in(alice, workspace)
    web.refresh(first["refresh_token"])
    web.refresh(first["refresh_token"])
    assert call(other["access_token"]).status_code == 200


def test_a_refresh_token_is_its_clients_own(web, register, cli, alice, workspace):
    given = web.signed_in(alice, workspace)
    for other in (register("web"), cli):
        assert error_of(other.refresh(given["refresh_token"])) == "invalid_grant"
    assert web.refresh(given["refresh_token"]).status_code == 200


def test_scopes_shrink_but_never_grow(web, alice, workspace):
    given = web.signed_in(alice, workspace, scope="monitor.admin user.read")
    assert error_of(web.refresh(given["refresh_token"], scope="monitor.admin openid")) == "invalid_scope"
    less = web.refresh(given["refresh_token"], scope="user.read").json()
    assert less["scope"] == "user.read"


def test_a_role_that_fell_takes_its_scopes_along(web, bob, workspace):
    given = web.signed_in(bob, workspace, scope="monitor.admin monitor.read")
    Membership.objects.filter(user=bob, workspace=workspace).update(role=Role.VIEWER)
    assert error_of(web.refresh(given["refresh_token"], scope="monitor.admin")) == "invalid_scope"
    assert web.refresh(given["refresh_token"]).json()["scope"] == "monitor.read"


def test_a_scope_taken_from_the_application_is_gone_at_once(web, alice, workspace):
    given = web.signed_in(alice, workspace, scope="monitor.admin monitor.read")
    edit_application(
        application=web.application,
        name="Less",
        redirect_uris=web.application.redirect_uris.split(),
        scopes=["monitor.read"],
        by=Actor(alice),
    )
    assert call(given["access_token"]).status_code == 200
    assert call(given["access_token"], "POST", body="{}").status_code == 403
    assert web.refresh(given["refresh_token"]).json()["scope"] == "monitor.read"


def test_somebody_who_left_or_was_locked_out_refreshes_nothing(web, bob, workspace):
    first, second = web.signed_in(bob, workspace), web.signed_in(bob, workspace)
    bob.is_active = False
    bob.save()
    assert call(first["access_token"]).status_code == 401
    assert error_of(web.refresh(first["refresh_token"])) == "invalid_grant"
    bob.is_active = True
    bob.save()
    Membership.objects.filter(user=bob, workspace=workspace).delete()
    assert call(second["access_token"]).status_code == 401
    assert error_of(web.refresh(second["refresh_token"])) == "invalid_grant"


def test_a_refresh_token_ends_thirty_days_after_its_access_token(web, alice, workspace):
    given = web.signed_in(alice, workspace)
    get_access_token_model().objects.update(expires=clock.now() - timedelta(days=30, seconds=1))
    assert error_of(web.refresh(given["refresh_token"])) == "invalid_grant"


def test_what_ended_is_cleared_and_what_lives_is_not(web, cli, alice, workspace):
    old, live = web.signed_in(alice, workspace), web.signed_in(alice, workspace)
    get_access_token_model().objects.filter(access__pk=OAuthAccess.objects.earliest("pk").pk).update(
        expires=clock.now() - timedelta(days=31)
    )
    cli.device()
    clear_tokens()
    assert error_of(web.refresh(old["refresh_token"])) == "invalid_grant"
    assert get_refresh_token_model().objects.count() == 1
    assert call(live["access_token"]).status_code == 200


def test_junk_is_no_refresh_token(web):
    for junk in ("", "\x00", "x" * 5000, "é"):
        assert error_of(web.refresh(junk)) in ("invalid_grant", "invalid_request")
