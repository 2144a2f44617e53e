"""OAuth access tokens and the live stream."""

import pytest

from accounts.models import OAuthAccess
from signals.stream.viewers import Refused, credential_of, viewer_of
from tests.accounts.oauth.conftest import call

pytestmark = pytest.mark.django_db


def bearer(token):
    return [(b"authorization", f"Bearer {token}".encode())]


def test_an_access_token_opens_the_stream_of_its_workspace_and_ends_with_it(web, alice, workspace):
    tokens = web.signed_in(alice, workspace)
    credential = credential_of(bearer(tokens["access_token"]), b"")
    viewer = viewer_of(credential, None)
    assert (viewer.user_id, viewer.workspace_id) == (alice.pk, workspace.pk)
    access = OAuthAccess.objects.get()
    assert viewer.until == access.token.expires
    access.token.delete()
    with pytest.raises(Refused) as refused:
        viewer_of(credential, None)
    assert refused.value.status == 401


def test_an_access_token_needs_no_ticket(web, alice, workspace):
    tokens = web.signed_in(alice, workspace)
    assert call(tokens["access_token"], "POST", "/api/signals/ticket").status_code == 409
