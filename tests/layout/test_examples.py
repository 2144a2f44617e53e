"""The receivers in the documents believe what we sign, and nothing else; the guide shows them as they are."""

import re
import runpy

import pytest

from alerts.signatures import new_secret, standard_signature
from tests.layout.repository import ROOT

NOW = 1_772_000_000
BODY = b'{"event": "incident_open"}'
is_genuine = runpy.run_path(str(ROOT / "docs/examples/receive_webhook.py"))["is_genuine"]


def headers_for(*secrets, body=BODY, at=NOW):
    return {
        "webhook-id": "m1",
        "webhook-timestamp": str(at),
        "webhook-signature": standard_signature(secrets, "m1", at, body),
    }


def test_what_we_sign_is_genuine():
    secret = new_secret()
    assert is_genuine(secret, headers_for(secret), BODY, NOW + 5)


def test_both_secrets_of_a_roll_are_genuine():
    old, new = new_secret(), new_secret()
    assert is_genuine(old, headers_for(new, old), BODY, NOW)
    assert is_genuine(new, headers_for(new, old), BODY, NOW)


@pytest.mark.parametrize(
    ("headers", "body", "now"),
    [
        (headers_for(new_secret()), BODY, NOW),
        ({}, BODY, NOW),
        ({"webhook-timestamp": "soon"}, BODY, NOW),
    ],
)
def test_what_others_sign_is_not(headers, body, now):
    assert not is_genuine(new_secret(), headers, body, now)


def test_a_changed_body_and_an_old_message_are_not():
    secret = new_secret()
    assert not is_genuine(secret, headers_for(secret), BODY + b" ", NOW)
    assert not is_genuine(secret, headers_for(secret), BODY, NOW + 301)


@pytest.mark.parametrize(("language", "ending"), [("python", "py"), ("js", "mjs"), ("go", "go"), ("php", "php")])
def test_the_guide_shows_what_the_receiver_checks(language, ending):
    guide = (ROOT / "docs/guides/webhooks.md").read_text()
    shown = re.findall(rf"^```{language}\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    assert len(shown) == 1
    assert shown[0] in (ROOT / f"docs/examples/receive_webhook.{ending}").read_text()
