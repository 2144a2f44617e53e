"""Every grant with a client that others wrote, Authlib, against a running server; and the refusals as it hears them.

What each refusal guards is tried in the files of the grants; here is that an ordinary client understands it.
"""

from datetime import timedelta

import pytest
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from accounts.models import Membership, OAuthDeviceGrant
from common import clock
from tests.accounts.oauth.conftest import CALLBACK, DEVICE_GRANT, pkce, query_of
from tests.accounts.oauth.test_journeys import Browser, hidden

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture
def base(live_server):
    return live_server.url


class Application:
    """One application's Authlib session."""

    def __init__(self, base, client, scope="monitor.read"):
        self.base, self.token_url = base, f"{base}/oauth/token"
        method = "client_secret_basic" if client.secret else "none"
        self.session = OAuth2Session(
            client.client_id, client.secret or None, scope=scope, redirect_uri=CALLBACK,
            code_challenge_method="S256", token_endpoint_auth_method=method,
        )  # fmt: skip
        self.verifier, _ = pkce()

    def sent_back(self, person, workspace, **more):
        """The address that the person's browser is sent back to once they have allowed it, or at once."""
        given = {"code_verifier": self.verifier, **more}
        address, self.state = self.session.create_authorization_url(f"{self.base}/oauth/authorize", **given)
        browser, path = Browser(self.base, person.email), address.removeprefix(self.base)
        page = browser.get(path)
        if page.status_code == 302:
            return page.headers["Location"]
        answer = browser.submit(path, **hidden(page), workspace=workspace.pk, allow="true")
        return answer.headers["Location"]

    def fetched(self, back, **more):
        return self.session.fetch_token(
            self.token_url, authorization_response=back, state=self.state, code_verifier=self.verifier, **more
        )

    def sees_monitors(self):
        return self.session.get(f"{self.base}/api/monitors").status_code

    def refused(self, call, *arguments, **more):
        """The RFC's error that a call ends with."""
        with pytest.raises(OAuthError) as raised:
            call(*arguments, **more)
        return raised.value.error


@pytest.mark.parametrize("kind", ["web", "native"])
def test_a_person_signs_in_and_the_session_renews_itself(request, kind, base, alice, workspace):
    app = Application(base, request.getfixturevalue(kind))
    first = dict(app.fetched(app.sent_back(alice, workspace)))
    assert app.sees_monitors() == 200
    second = dict(app.session.refresh_token(app.token_url))
    assert second["refresh_token"] != first["refresh_token"]
    assert app.sees_monitors() == 200
    again = app.refused(app.session.refresh_token, app.token_url, refresh_token=first["refresh_token"])
    assert again == "invalid_grant"
    assert app.sees_monitors() == 401, "a refresh token used twice ends its whole family"
    assert app.refused(app.session.refresh_token, app.token_url, second["refresh_token"]) == "invalid_grant"


def test_a_machine_gets_a_token_by_itself(base, machine):
    app = Application(base, machine)
    given = app.session.fetch_token(app.token_url, grant_type="client_credentials")
    assert (given["token_type"], given["scope"]) == ("Bearer", "monitor.read")
    assert app.sees_monitors() == 200
    assert app.refused(app.session.fetch_token, app.token_url, grant_type="client_credentials", scope="x") == (
        "invalid_scope"
    )


@pytest.mark.parametrize("challenge", [{"code_challenge_method": "plain"}, {"code_challenge": "", "code_verifier": ""}])
def test_pkce_cannot_be_weakened(base, native, alice, workspace, challenge):
    app = Application(base, native)
    if "code_verifier" in challenge:
        back = app.sent_back(alice, workspace, code_verifier=None)
    else:
        app.session.code_challenge_method = None
        back = app.sent_back(alice, workspace, code_challenge=app.verifier, **challenge)
    assert query_of(back)["error"] == "invalid_request"


def test_a_code_works_once_and_its_repeat_ends_what_it_gave(base, web, alice, workspace):
    app = Application(base, web)
    back = app.sent_back(alice, workspace)
    app.fetched(back)
    assert app.sees_monitors() == 200
    assert app.refused(app.fetched, back) == "invalid_grant"
    assert app.sees_monitors() == 401


def test_another_address_gets_no_token_and_no_visitor(base, web, alice, workspace):
    app = Application(base, web)
    back = app.sent_back(alice, workspace)
    assert app.refused(app.fetched, back, redirect_uri="https://app.example/other") == "invalid_grant"
    asked, _ = app.session.create_authorization_url(
        f"{base}/oauth/authorize", code_verifier=app.verifier, redirect_uri="https://evil.example/"
    )
    page = Browser(base, alice.email).get(asked.removeprefix(base))
    assert page.status_code == 400
    assert "Location" not in page.headers


def test_a_scope_above_the_role_is_refused(base, web, vera, workspace):
    Membership.objects.filter(user=vera).exclude(workspace=workspace).delete()
    app = Application(base, web, scope="monitor.admin")
    back = app.sent_back(vera, workspace)
    assert query_of(back)["error"] == "invalid_scope"


class Device:
    """A device that polls by hand, for Authlib has no client of RFC 8628."""

    def __init__(self, base, client):
        self.base, self.client_id = base, client.client_id
        asked = {"client_id": self.client_id, "scope": "monitor.read"}
        self.codes = requests.post(f"{base}/oauth/device-authorization", asked, timeout=30).json()

    def poll(self, client_id=None):
        """The error of a poll, or the token."""
        body = {
            "grant_type": DEVICE_GRANT,
            "client_id": client_id or self.client_id,
            "device_code": self.codes["device_code"],
        }
        answer = requests.post(f"{self.base}/oauth/token", body, timeout=30)
        assert answer.status_code in (200, 400)
        return answer.json().get("error") or answer.json()["access_token"]

    def allowed_by(self, person, workspace):
        browser = Browser(self.base, person.email)
        browser.get("/oauth/device")
        page = browser.submit("/oauth/device", user_code=self.codes["user_code"])
        browser.submit("/oauth/device", **hidden(page), workspace=workspace.pk, decision="allow")


def test_a_device_is_connected_once_by_its_own_client(base, cli, native, alice, workspace):
    device = Device(base, cli)
    assert device.poll() == "authorization_pending"
    assert device.poll() == "slow_down"
    assert device.poll(client_id=native.client_id) == "invalid_grant"
    device.allowed_by(alice, workspace)
    token = device.poll()
    app = Application(base, cli)
    app.session.token = {"access_token": token, "token_type": "Bearer"}
    assert app.sees_monitors() == 200
    assert device.poll() == "invalid_grant"


def test_a_device_that_comes_too_late_is_told_so(base, cli):
    device = Device(base, cli)
    OAuthDeviceGrant.objects.update(expires=clock.now() - timedelta(seconds=1))
    assert device.poll() == "expired_token"
