"""The Redis probe against a real server, with and without a password, and against what is none."""

import shutil
import socket
import subprocess
import time

import pytest

from tests.monitors.probes.scripted import closed_port, forever, hang, tcp_server

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory):
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs Debian's redis-server")
    port = closed_port()
    folder = tmp_path_factory.mktemp("redis")
    options = ["--bind", "127.0.0.1", "--save", "", "--dir", str(folder), "--requirepass", PASSWORD]
    running = subprocess.Popen([program, "--port", str(port), *options], stdout=subprocess.DEVNULL)
    for _ in range(200):
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.02)
    yield port
    running.terminate()
    running.wait(5)


def test_a_real_server_answers_ping_after_login(probe, redis_server):
    result = probe("redis", host="localhost", port=redis_server, password=PASSWORD)
    assert (result.ok, result.detail, result.facts) == (True, "", {"answer": "PONG"})
    assert probe("redis", host="localhost", port=redis_server, username="default", password=PASSWORD).ok


def test_a_missing_or_wrong_password_is_said(probe, redis_server):
    missing = probe("redis", host="localhost", port=redis_server)
    wrong = probe("redis", host="localhost", port=redis_server, password="x")
    assert [one.failure_class for one in (missing, wrong)] == ["assertion"] * 2
    assert "NOAUTH" in missing.detail
    assert "WRONGPASS" in wrong.detail


def test_tls_from_the_first_byte(probe, authority):
    def script(connection):
        connection.recv(100)
        connection.sendall(b"+PONG\r\n")

    with tcp_server(script, authority.context()) as port:
        result = probe("redis", host="localhost", port=port, tls="tls")
    assert result.ok
    assert result.certificate is not None


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
