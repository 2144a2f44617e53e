"""Settings, API tokens: rotated, disabled and enabled by plain forms; what each role may do to whose."""

import pytest

from accounts.models import ApiToken, AuditEntry, Membership, Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def works(client):
    """`works(secret)`: whether the API takes it."""
    return lambda secret: client.get("/api/v1/user", headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def path(act, token=None):
    return f"/settings/tokens/{(token or ApiToken.objects.get()).pk}/{act}"


@pytest.mark.parametrize("who", ["alice", "bob", "vera"])
def test_everybody_makes_rotates_disables_and_ends_their_own(request, who, signed_in, workspace, works):
    browser = signed_in(request.getfixturevalue(who))
    first = browser.post("/settings/tokens", {"name": "CI", "scopes": ["user.read"]}).context["made"].secret
    answer = browser.post(path("rotate"))
    second = answer.context["made"].secret
    assert second in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert second not in browser.get("/settings/tokens").content.decode()
    assert (works(first), works(second)) == (False, True)
    assert "CI is disabled" in browser.post(path("disable"), follow=True).content.decode()
    assert not works(second)
    assert "CI is enabled" in browser.post(path("enable"), follow=True).content.decode()
    assert works(second)
    browser.post(path("revoke"))
    assert not works(second)
    assert list(AuditEntry.objects.filter(object_type="apitoken").order_by("pk").values_list("verb", flat=True)) == [
        "create", "rotate", "edit", "edit", "revoke",
    ]  # fmt: skip


def test_an_admin_disables_and_revokes_anothers_but_never_sees_a_secret_of_it(signed_in, alice, bob, token_of, works):
    secret, browser = token_of(bob, "user.read"), signed_in(alice)
    html = browser.get("/settings/tokens").content.decode()
    assert "Tokens of other members" in html
    assert path("rotate") not in html
    assert browser.post(path("rotate")).status_code == 403
    browser.post(path("disable"))
    assert not works(secret)
    browser.post(path("revoke"))
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("act", ["rotate", "disable", "enable", "revoke"])
def test_a_member_reaches_nobody_elses(signed_in, bob, vera, charlie, token_of, act):
    token_of(vera, "user.read")
    for user in (bob, charlie):
        browser = signed_in(user)
        assert "Tokens of other members" not in browser.get("/settings/tokens").content.decode()
        assert browser.post(path(act)).status_code == 404


def test_whatever_ends_something_asks_first_and_works_without_javascript(signed_in, alice, token_of):
    token_of(alice)
    html = signed_in(alice).get("/settings/tokens").content.decode()
    pk = ApiToken.objects.get().pk
    for act in ("rotate", "disable", "revoke"):
        assert f'data-dialog-open="{act}-{pk}"' in html
        assert f'<dialog class="dialog" id="{act}-{pk}"' in html
        assert html.count(f'action="{path(act)}"') == 2


def test_only_admins_are_led_to_the_audit_log_of_a_token(signed_in, alice, bob, workspace, token_of):
    token_of(bob)
    link = f"/settings/audit-log?token={ApiToken.objects.get().pk}"
    assert link not in signed_in(bob).get("/settings/tokens").content.decode()
    Membership.objects.filter(user=bob, workspace=workspace).update(role=Role.ADMIN)
    assert link in signed_in(bob).get("/settings/tokens").content.decode()


def test_the_queries_of_the_page_do_not_grow_with_tokens(signed_in, alice, bob, token_of, queries_of):
    browser = signed_in(alice)
    token_of(alice), token_of(bob)
    few = queries_of(browser, "/settings/tokens")
    for user in (alice, bob, alice, bob):
        token_of(user)
    assert queries_of(browser, "/settings/tokens") == few
