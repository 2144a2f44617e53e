"""Each grant from outside, over HTTP, against a running server, as an application and a browser go through it."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tests.accounts.oauth.conftest import CALLBACK, DEVICE_GRANT, pkce

pytestmark = pytest.mark.django_db(transaction=True)


class Browser:
    """A person's browser: cookies, forms, and no redirect followed that leads elsewhere."""

    def __init__(self, base, email):
        self.base, self.http = base, requests.Session()
        self.sign_in(email)

    def sign_in(self, email):
        self.http.get(f"{self.base}/sign-in", timeout=10)
        answer = self.submit("/sign-in", username=email, password="correct horse")
        assert answer.status_code == 302

    def get(self, path):
        return self.http.get(self.base + path, timeout=10, allow_redirects=False)

    def submit(self, path, **fields):
        body = {"csrfmiddlewaretoken": self.http.cookies["csrftoken"], **fields}
        return self.http.post(self.base + path, body, timeout=10, allow_redirects=False)


def hidden(page):
    """The hidden fields of a page's form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?', page.text)
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


def monitors(base, token):
    return requests.get(f"{base}/api/monitors", headers={"Authorization": f"Bearer {token}"}, timeout=10)


@pytest.fixture
def base(live_server):
    return live_server.url


def test_a_web_application_signs_a_person_in_refreshes_and_revokes(base, web, alice, workspace):
    token_url, pair = f"{base}/oauth/token", (web.client_id, web.secret)
    verifier, challenge = pkce()
    browser = Browser(base, alice.email)
    address = web.authorize_address(challenge, "openid monitor.read")
    page = browser.get(address)
    assert "form-action 'self' https://app.example" in page.headers["Content-Security-Policy"]
    answer = browser.submit(address, **hidden(page), workspace=workspace.pk, allow="true")
    back = answer.headers["Location"]
    assert back.startswith(CALLBACK + "?")
    code = dict(parse_qsl(urlsplit(back).query))["code"]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": verifier}
    given = requests.post(token_url, fields, auth=pair, timeout=10).json()
    assert given["id_token"].count(".") == 2
    assert monitors(base, given["access_token"]).status_code == 200
    fields = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    renewed = requests.post(token_url, fields, auth=pair, timeout=10).json()
    assert monitors(base, given["access_token"]).status_code == 401
    assert monitors(base, renewed["access_token"]).status_code == 200
    told = requests.post(f"{base}/oauth/introspect", {"token": renewed["access_token"]}, auth=pair, timeout=10).json()
    assert told["active"] is True
    ended = requests.post(f"{base}/oauth/revoke", {"token": renewed["refresh_token"]}, auth=pair, timeout=10)
    assert ended.status_code == 200
    assert monitors(base, renewed["access_token"]).status_code == 401


def test_a_machine_gets_a_token_and_acts(base, machine):
    fields = {"grant_type": "client_credentials", "scope": "monitor.read"}
    pair = (machine.client_id, machine.secret)
    given = requests.post(f"{base}/oauth/token", fields, auth=pair, timeout=10).json()
    assert monitors(base, given["access_token"]).json()["items"] == []


def test_the_command_line_is_connected_by_a_code(base, cli, alice, workspace):
    asked = {"client_id": "websignal-cli", "scope": "monitor.admin"}
    codes = requests.post(f"{base}/oauth/device-authorization", asked, timeout=10).json()
    fields = {"grant_type": DEVICE_GRANT, "client_id": "websignal-cli", "device_code": codes["device_code"]}
    waiting = requests.post(f"{base}/oauth/token", fields, timeout=10)
    assert (waiting.status_code, waiting.json()["error"]) == (400, "authorization_pending")
    browser = Browser(base, alice.email)
    browser.get("/oauth/device")
    page = browser.submit("/oauth/device", user_code=codes["user_code"])
    assert "WebSignal command line" in page.text
    done = browser.submit("/oauth/device", **hidden(page), workspace=workspace.pk, decision="allow")
    assert done.headers["Location"] == "/oauth/device?result=allowed"
    given = requests.post(f"{base}/oauth/token", fields, timeout=10).json()
    assert monitors(base, given["access_token"]).status_code == 200
    repeated = requests.post(f"{base}/oauth/token", fields, timeout=10)
    assert (repeated.status_code, repeated.json()["error"]) == (400, "invalid_grant")
