"""The agent's line: encrypted or to this machine, verified, and each answer by its name."""

import pytest

from monitors.agent.link import BatchRefused, Link, LinkDown, TokenRefused
from tests.targets import Authority, Target


@pytest.mark.parametrize("url", ["http://platform.example", "http://192.0.2.1", "ftp://x", "platform.example", ""])
def test_an_address_that_would_show_secrets_is_refused(url):
    with pytest.raises(ValueError, match="https"):
        Link(url, "wsa_x")


@pytest.mark.parametrize("url", ["https://platform.example", "http://127.0.0.1:8000", "http://[::1]:8000"])
def test_others_are_taken(url):
    Link(url, "wsa_x").close()


def test_a_platform_whose_certificate_nobody_vouches_for_hears_no_token():
    authority = Authority()
    with Target(authority.context()) as target:
        with pytest.raises(LinkDown, match="CERTIFICATE_VERIFY_FAILED"):
            Link(target.url(""), "wsa_x").post("/api/agent/claim", b"{}", timeout_seconds=10)
        assert target.requests == []
    authority.close()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, TokenRefused),
        (403, TokenRefused),
        (400, BatchRefused),
        (413, BatchRefused),
        (404, LinkDown),
        (429, LinkDown),
        (500, LinkDown),
        (503, LinkDown),
        (302, LinkDown),
        (200, LinkDown),
    ],
)
def test_answers_and_what_they_mean(status, error):
    """The target's 200 is no JSON: something else than the platform answers there."""
    with Target() as target:
        target.behave("/x", f"status/{status}")
        link = Link(target.url(""), "wsa_secret")
        with pytest.raises(error):
            link.post("/x", b"{}", timeout_seconds=10)
        link.close()
        assert target.requests[0].headers["authorization"] == "Bearer wsa_secret"
