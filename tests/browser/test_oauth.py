"""Consent and device pages in a real browser: the policy lets the way back through, at any width."""

import base64
import hashlib
import json
import re
import secrets
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.test_every_page import OVERFLOW, WRONG

pytestmark = pytest.mark.browser


class Application(BaseHTTPRequestHandler):
    """What waits at 127.0.0.1, as a command line does (RFC 8252)."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>Back</title>You are back")

    def log_message(self, *_):
        """Silent."""


@pytest.fixture
def callback():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/callback"
    server.shutdown()
    server.server_close()


def post(platform, path, **fields):
    request = urllib.request.Request(f"{platform}{path}", urlencode(fields).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def soundness(page):
    assert page.evaluate(WRONG) == []
    assert page.evaluate(OVERFLOW) <= 0


@pytest.mark.parametrize("width", [1440, 360])
def test_a_person_allows_the_command_line_and_lands_at_its_address(open_page, platform, callback, width):
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": "websignal-cli",
        "redirect_uri": callback,
        "scope": "monitor.admin user.read",
        "state": "s",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    page = open_page(f"/oauth/authorize?{urlencode(asked)}", width=width)
    expect(page.get_by_role("heading", level=1)).to_have_text("Allow WebSignal command line?")
    soundness(page)
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(re.compile(re.escape(callback)))
    expect(page.get_by_text("You are back")).to_be_visible()
    code = parse_qs(urlsplit(page.url).query)["code"][0]
    given = post(
        platform, "/oauth/token", grant_type="authorization_code", client_id="websignal-cli", code=code,
        redirect_uri=callback, code_verifier=verifier,
    )  # fmt: skip
    assert given["scope"] == "monitor.admin user.read"
    page.goto(f"{platform}/settings/applications")
    soundness(page)
    page.get_by_role("button", name="Revoke").first.click()
    expect(page.get_by_text("acts for you no more")).to_be_visible()


def test_a_person_connects_a_device_by_its_code(open_page, platform):
    codes = post(platform, "/oauth/device-authorization", client_id="websignal-cli", scope="monitor.read")
    page = open_page("/oauth/device", width=360)
    soundness(page)
    page.get_by_label("Code").fill(codes["user_code"].lower())
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect WebSignal command line?")
    expect(page.get_by_text(codes["user_code"])).to_be_visible()
    soundness(page)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your device is connected")


def test_a_person_registers_an_application_and_sees_its_secret_once(open_page, platform):
    page = open_page("/settings/applications")
    page.get_by_label("Name", exact=True).fill("Deploy bot")
    page.get_by_label("Machine", exact=False).check()
    page.get_by_label("monitor.read").check()
    page.get_by_role("button", name="Register application").click()
    expect(page.get_by_text("Copy the secret now")).to_be_visible()
    soundness(page)
    secret, client_id = page.locator(".code pre").all_text_contents()
    given = post(platform, "/oauth/token", grant_type="client_credentials", client_id=client_id, client_secret=secret)
    assert given["scope"] == "monitor.read"
