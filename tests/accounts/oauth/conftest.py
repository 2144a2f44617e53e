"""Applications, people who consent to them, and a client's side of OAuth written by hand."""

import base64
import hashlib
import secrets
from importlib import import_module
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.apps import apps
from django.test import Client

from accounts.actor import Actor
from accounts.models import OAuthApplication
from accounts.oauth import services, throttle

CALLBACK = "https://app.example/callback"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def pkce():
    """A verifier and its S256 challenge (RFC 7636 section 4)."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return verifier, challenge


def query_of(address):
    return dict(parse_qsl(urlsplit(address).query))


class OAuthClient:
    """One application's side: it knows its id, perhaps its secret, and nothing else of us."""

    def __init__(self, application, secret="", redirect_uri=CALLBACK):
        self.application, self.secret, self.redirect_uri = application, secret, redirect_uri
        self.client_id = application.client_id
        self.http = Client()

    def authorize_address(self, challenge, scope="monitor.read", **more):
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": scope,
            "state": "st4te",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **more,
        }
        return "/oauth/authorize?" + urlencode({name: value for name, value in asked.items() if value is not None})

    def consent(self, person, workspace, *, challenge, allow=True, scope="monitor.read", **more):
        """What the person's browser does; the query of the address that it is sent back to."""
        browser = Client()
        browser.force_login(person)
        address = self.authorize_address(challenge, scope, **more)
        page = browser.get(address)
        assert page.status_code == 200, (page.status_code, page.get("Location"))
        fields = {name: value for name, value in page.context["form"].initial.items() if value}
        answer = browser.post(address, {**fields, "workspace": workspace.pk, **({"allow": "true"} if allow else {})})
        assert answer.status_code == 302, answer.content
        assert answer["Location"].startswith(self.redirect_uri + "?")
        return query_of(answer["Location"])

    def token(self, grant_type, *, authenticated=True, **fields):
        body = {"grant_type": grant_type, **fields}
        headers = {}
        if self.secret and authenticated:
            pair = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        else:
            body["client_id"] = self.client_id
        return self.post("/oauth/token", body, **headers)

    def post(self, path, body, **headers):
        return self.http.post(
            path, urlencode(body, doseq=True), content_type="application/x-www-form-urlencoded", headers=headers
        )

    def exchange(self, code, verifier, **more):
        fields = {"code": code, "redirect_uri": self.redirect_uri, "code_verifier": verifier, **more}
        return self.token("authorization_code", **{name: value for name, value in fields.items() if value is not None})

    def signed_in(self, person, workspace, scope="monitor.read", **more):
        """Tokens through the whole of the code grant."""
        verifier, challenge = pkce()
        back = self.consent(person, workspace, challenge=challenge, scope=scope, **more)
        answer = self.exchange(back["code"], verifier)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def refresh(self, refresh_token, **more):
        return self.token("refresh_token", refresh_token=refresh_token, **more)

    def device(self, scope="monitor.read"):
        return self.post("/oauth/device-authorization", {"client_id": self.client_id, "scope": scope})

    def poll(self, device_code):
        return self.token(DEVICE_GRANT, device_code=device_code)


def error_of(answer, status=400):
    """The RFC's error of an answer, which must be JSON that nobody keeps."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"
    return answer.json()["error"]


def call(token, method="GET", path="/api/monitors", body=None):
    """An API call with a bearer token."""
    return Client().generic(
        method,
        path,
        body or b"",
        content_type="application/json" if body else "",
        headers={"Authorization": f"Bearer {token}"},
    )


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet(monkeypatch):
    """Counts of its own for each test, which other processes on the same Redis neither see nor clear."""
    monkeypatch.setattr(throttle, "KEYS", f"oauth-{secrets.token_hex(8)}")


@pytest.fixture
def limit(monkeypatch):
    """`limit("token", 5)`: so many in a window whose end no test meets."""

    def make(endpoint, most):
        monkeypatch.setitem(throttle.RATES, endpoint, throttle.Rate(most, 10**9))

    return make


@pytest.fixture
def register(workspace, alice):
    """`register(kind, …)`: a new application of Alice's and its client side."""

    def make(kind="web", user=alice, workspace=workspace, scopes="monitor.read monitor.admin user.read", uris=None):
        uris = ([] if kind == "machine" else [CALLBACK]) if uris is None else uris
        made = services.create_application(
            user=user,
            workspace=workspace,
            kind=kind,
            name=f"The {kind} app",
            redirect_uris=uris,
            scopes=scopes.split(),
            by=Actor(user),
        )
        return OAuthClient(made.application, made.secret, uris[0] if uris else "")

    return make


@pytest.fixture
def web(register):
    return register("web", scopes="monitor.read monitor.admin user.read openid profile email")


@pytest.fixture
def native(register):
    return register("native")


@pytest.fixture
def machine(register):
    return register("machine")


@pytest.fixture
def cli(db):
    """The command line's own client, as the migration makes it (tests with real transactions empty the tables)."""
    import_module("accounts.migrations.0003_oauth_cli").make_cli(apps, None)
    return OAuthClient(
        OAuthApplication.objects.get(client_id="websignal-cli"), redirect_uri="http://127.0.0.1/callback"
    )
