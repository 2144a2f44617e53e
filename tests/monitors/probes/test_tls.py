"""TLS targets: what is verified, and what is known of a certificate whether it is or not."""

import datetime as dt
from urllib.parse import quote

import pytest

from tests.monitors.probes.scripted import hang, tcp_server
from tests.targets import Authority, Target


def test_a_good_certificate_is_verified_and_read(look, secure):
    result = look(secure.url(host="localhost"))
    certificate = result.certificate
    assert result.ok
    assert result.phases.tls > 0
    assert set(certificate.names) == {"localhost", "127.0.0.1"}
    assert "trustme" in certificate.issuer
    assert certificate.not_after > dt.datetime.now(dt.UTC)
    assert len(certificate.fingerprint) == 64
    assert int(certificate.serial, 16) > 0


def test_an_expired_certificate_fails_and_is_still_read(look, authority):
    with Target(authority.expired_context()) as expired:
        result = look(expired.url())
    assert result.failure_class == "tls"
    assert "expired" in result.detail
    assert result.certificate.not_after < dt.datetime.now(dt.UTC)


def test_a_certificate_for_another_host_fails(look, authority):
    with Target(authority.context("other.example")) as other:
        result = look(other.url())
    assert (result.failure_class, result.certificate.names) == ("tls", ("other.example",))


def test_an_unknown_authority_fails_unless_nobody_verifies(look):
    stranger = Authority()
    try:
        with Target(stranger.context()) as untrusted:
            assert look(untrusted.url()).failure_class == "tls"
            relaxed = look(untrusted.url(), verify_tls=False)
    finally:
        stranger.close()
    assert relaxed.ok
    assert relaxed.certificate is not None


def test_https_to_a_server_that_speaks_no_tls_fails(look, target):
    result = look(target.url().replace("http:", "https:"), timeout_ms=2000)
    assert result.failure_class in ("tls", "reset")
    assert result.certificate is None


def test_a_handshake_that_is_never_answered_is_a_timeout(look):
    with tcp_server(hang) as port:
        result = look(f"https://localhost:{port}/", timeout_ms=300)
    assert (result.failure_class, result.phases.tls) == ("timeout", None)


def test_every_look_has_the_certificate_since_no_session_is_resumed(look, secure):
    assert all(look(secure.url()).certificate is not None for _ in range(3))


@pytest.mark.parametrize(("block", "failure_class"), [(True, "blocked"), (False, None)])
def test_a_redirect_down_to_http_is_blocked_when_asked(look, secure, target, block, failure_class):
    down = quote(target.url(), safe="")
    result = look(secure.url(f"/redirect/302/{down}"), block_http_downgrade=block)
    assert result.failure_class == failure_class


def test_certificate_assertions_read_the_leaf(look, secure):
    result = look(
        secure.url(),
        assertions=[
            {"source": "certificate", "property": "days_left", "comparison": "greater_than", "target": 7},
            {"source": "certificate", "property": "names", "comparison": "contains", "target": "localhost"},
            {"source": "certificate", "comparison": "less_than", "target": 1},
        ],
    )
    assert [outcome.ok for outcome in result.assertions] == [True, True, False]
    assert result.failure_class == "assertion"
