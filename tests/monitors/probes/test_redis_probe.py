"""The Redis probe against a real server, with passwords, users and TLS, and against what is none."""

from types import SimpleNamespace

import pytest

from tests.monitors.probes.real_servers import program, running
from tests.monitors.probes.scripted import closed_port, forever, hang, tcp_server

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def redis_server(certificate, tmp_path_factory):
    """Its ports: `plain`, and `secured` for TLS from the first byte; beside the one password a user by name."""
    server, folder = program("redis-server", "redis-server"), tmp_path_factory.mktemp("redis")
    ports = SimpleNamespace(plain=closed_port(), secured=closed_port())
    options = {
        "--port": ports.plain, "--tls-port": ports.secured, "--bind": "127.0.0.1", "--save": "", "--dir": folder,
        "--tls-cert-file": certificate / "server.pem", "--tls-key-file": certificate / "server.key",
        "--tls-auth-clients": "no", "--requirepass": PASSWORD,
    }  # fmt: skip
    users = ["--user", "ada", "on", f">{PASSWORD}", "+ping", "--user", "mute", "on", f">{PASSWORD}", "-@all"]
    flat = [str(part) for option in options.items() for part in option]
    with running([server, *flat, *users], ports.secured):
        yield ports


def test_a_real_server_answers_ping_after_login(probe, redis_server):
    result = probe("redis", host="localhost", port=redis_server.plain, password=PASSWORD)
    assert (result.ok, result.detail, result.facts) == (True, "", {"answer": "PONG"})
    for name in ("default", "ada"):
        assert probe("redis", host="localhost", port=redis_server.plain, username=name, password=PASSWORD).ok


def test_under_tls_the_certificate_is_verified_before_the_password_is_sent(probe, redis_server, stranger):
    settings = {"host": "localhost", "port": redis_server.secured, "tls": "tls", "password": PASSWORD}
    secured = probe("redis", **settings)
    assert (secured.ok, secured.detail, "localhost" in secured.certificate.names) == (True, "", True)
    assert secured.phases.tls > 0
    assert probe("redis", verify_with=stranger, **settings).failure_class == "tls"
    assert probe("redis", verify_with=stranger, verify_tls=False, **settings).ok


def test_a_user_who_may_not_ping_is_told_so(probe, redis_server):
    result = probe("redis", host="localhost", port=redis_server.plain, username="mute", password=PASSWORD)
    assert (result.failure_class, "NOPERM" in result.detail) == ("assertion", True), result.detail


def test_plain_where_tls_is_spoken_and_the_reverse_end_in_their_class(probe, redis_server):
    spoken = probe("redis", host="localhost", port=redis_server.plain, tls="tls", timeout_ms=1000)
    assert spoken.failure_class == "timeout", spoken.detail  # it waits for the rest of what it takes for a command
    silent = probe("redis", host="localhost", port=redis_server.secured, password=PASSWORD, timeout_ms=1000)
    assert silent.failure_class == "reset", silent.detail


def test_a_missing_or_wrong_password_is_said(probe, redis_server):
    missing = probe("redis", host="localhost", port=redis_server.plain)
    wrong = probe("redis", host="localhost", port=redis_server.plain, password="x")
    assert [one.failure_class for one in (missing, wrong)] == ["assertion"] * 2
    assert "NOAUTH" in missing.detail
    assert "WRONGPASS" in wrong.detail


@pytest.mark.parametrize(
    ("script", "failure_class"),
    [
        (hang, "timeout"),
        (forever(b"x"), "too_large"),
        (lambda connection: None, "reset"),
        (lambda connection: (connection.recv(100), connection.sendall(b"-LOADING\r\n")), "assertion"),
        (lambda connection: (connection.recv(100), connection.sendall(b"\xff\x00\n")), "assertion"),
    ],
    ids=["hang", "endless", "hang up", "loading", "garbage"],
)
def test_what_is_no_redis_ends_in_its_class(probe, script, failure_class):
    with tcp_server(script) as port:
        result = probe("redis", host="127.0.0.1", port=port, timeout_ms=500)
    assert result.failure_class == failure_class
