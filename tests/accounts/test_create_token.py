"""`manage.py create_token`."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts.models import ApiToken
from accounts.selectors import live_token
from common import clock


def run(**options):
    out = io.StringIO()
    call_command("create_token", stdout=out, **options)
    return out.getvalue()


def test_the_last_line_is_the_token_and_nothing_else(alice, workspace):
    secret = run(user="ALICE@example.org", scopes="monitor.admin, user.read", name="ci", expires_days=7).splitlines()[
        -1
    ]
    token, membership = live_token(secret, clock.now())
    assert (token.user, token.workspace, token.name) == (alice, workspace, "ci")
    assert token.scopes == ["monitor.admin", "user.read"]
    assert membership.role == "OWNER"
    assert token.expires_at > clock.now()


def test_another_workspace_is_picked_by_slug(bob, workspace):
    secret = run(user=bob.email, scopes="monitor.read", workspace=workspace.slug).strip()
    assert live_token(secret, clock.now())[0].workspace == workspace


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"user": "nobody@example.org", "scopes": "monitor.admin"}, "nobody@example.org"),
        ({"user": "alice@example.org", "scopes": "everything"}, "everything"),
        ({"user": "alice@example.org", "scopes": " "}, "--scopes"),
        ({"user": "alice@example.org", "scopes": "monitor.admin", "workspace": "moon"}, "moon"),
        ({"user": "alice@example.org", "scopes": "monitor.admin", "expires_days": 0}, "--expires-days"),
        ({"user": "alice@example.org", "scopes": "monitor.admin", "name": " "}, "--name"),
    ],
)
def test_what_is_wrong_is_said(alice, options, said):
    with pytest.raises(CommandError, match=said):
        run(**options)
    assert not ApiToken.objects.exists()
