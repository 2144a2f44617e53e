"""The SQL probe against real databases, through TLS, and against servers that only seem to be some."""

import os
import select
import socket
import struct
from contextlib import suppress

import pytest

from common.addresses import AddressPolicy
from tests.monitors.probes.scripted import forever, hang, tcp_server

POSTGRESQL = {"engine": "postgresql", "host": "localhost", "username": os.environ.get("PGUSER", "postgres")}
MYSQL = {"engine": "mysql", "host": "localhost", "username": "root"}


def listens(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


DATABASES = [
    pytest.param(POSTGRESQL, marks=pytest.mark.skipif(not listens(5432), reason="needs PostgreSQL on 5432")),
    pytest.param(MYSQL, marks=pytest.mark.skipif(not listens(3306), reason="needs MySQL or MariaDB on 3306")),
]
real = pytest.mark.parametrize("database", DATABASES, ids=["postgresql", "mysql"])


@real
def test_a_query_answers_with_rows_that_can_be_asserted_on(probe, database):
    said = [
        {"source": "json", "property": "$[0].n", "comparison": "greater_than", "target": 2},
        {"source": "json", "property": "$[0].word", "comparison": "equals", "target": "ü"},
    ]
    query = "SELECT 3 AS n, 2.5 AS share, 'ü' AS word, NULL AS nothing"
    result = probe("sql", **database, tls="none", query=query, assertions=said)
    assert (result.ok, result.detail) == (True, "")
    assert result.body_excerpt.decode() == '[{"n":3,"share":2.5,"word":"ü","nothing":null}]'
    assert result.facts["rows"] == 1
    assert result.facts["version"][0].isdigit()
    said[0]["target"] = 3
    assert probe("sql", **database, tls="none", query=query, assertions=said).failure_class == "assertion"


@real
def test_nothing_can_be_written(probe, database):
    named = database | ({"database": "test"} if database is MYSQL else {})
    for query in ("CREATE TABLE ws_probe_never (n int)", "SELECT 1; SELECT 2"):
        result = probe("sql", **named, tls="none", query=query)
        assert result.failure_class == "assertion", query
    assert probe("sql", **named, tls="none", query="SELECT * FROM ws_probe_never").failure_class == "assertion"


@real
def test_no_more_than_a_hundred_rows_and_256_kib_are_read(probe, database):
    two = "SELECT 1 AS n UNION ALL SELECT 2"
    many = f"SELECT a.n FROM ({two}) a" + "".join(f", ({two}) t{number}" for number in range(9))
    assert probe("sql", **database, tls="none", query=many).facts["rows"] == 100
    large = probe("sql", **database, tls="none", query="SELECT repeat('x', 500000)")
    assert large.failure_class == "too_large"


@real
def test_a_wrong_query_login_or_database_is_said(probe, database):
    for wrong in ({"query": "SELEC 1"}, {"database": "ws_nope"}, {"username": "ws_nobody"}, {"tls": "tls"}):
        result = probe("sql", **({"tls": "none"} | database | wrong))
        assert (result.failure_class, result.detail.endswith(".")) == ("assertion", True), wrong


@real
def test_a_slow_query_is_ended(probe, database):
    slow = "SELECT pg_sleep(20)" if database is POSTGRESQL else "SELECT sleep(20)"
    result = probe("sql", **database, tls="none", query=slow, timeout_ms=600)
    assert result.failure_class in ("assertion", "timeout")
    assert result.finished_at - result.started_at < 1.5


def relay(secured, behind):
    """Both ways in one thread, for two must not use one TLS connection at once; ends with the first that closes."""
    with suppress(OSError):
        while True:
            ready = [secured] if secured.pending() else select.select([secured, behind], [], [], 20)[0]
            for source in ready:
                data = source.recv(65_536)
                if not data:
                    return
                (behind if source is secured else secured).sendall(data)


def before(postgresql, context):
    """A script that offers TLS in front of a real database that has none."""

    def script(connection):
        port = 5432 if postgresql else 3306
        with socket.create_connection(("127.0.0.1", port)) as behind:
            if postgresql:
                connection.recv(8)
                connection.sendall(b"S")
            else:
                connection.sendall(offering_tls(behind.recv(4_096)))
                connection.recv(36)
            with context.wrap_socket(connection, server_side=True) as secured:
                if not postgresql:
                    response = secured.recv(4_096)
                    if not response:
                        return
                    behind.sendall(without_tls(response))
                relay(secured, behind)

    return script


def offering_tls(greeting):
    """Set CLIENT_SSL in the lower capabilities, which follow version, number, salt and a filler."""
    at = greeting.index(b"\0", 5) + 1 + 4 + 8 + 1
    return greeting[: at + 1] + bytes([greeting[at + 1] | 0x08]) + greeting[at + 2 :]


def without_tls(response):
    """Take CLIENT_SSL back, and the number that the request for TLS had taken."""
    return response[:3] + b"\x01" + response[4:5] + bytes([response[5] & ~0x08]) + response[6:]


@real
def test_tls_is_begun_inside_the_protocol_and_verified(probe, database, authority):
    postgresql = database is POSTGRESQL
    with tcp_server(before(postgresql, authority.context())) as port:
        result = probe("sql", **database, port=port)
    assert (result.ok, result.detail) == (True, "")
    assert "localhost" in result.certificate.names
    with tcp_server(before(postgresql, authority.context("other.example"))) as port:
        assert probe("sql", **database, port=port).failure_class == "tls"


def say(*parts):
    def script(connection):
        connection.sendall(b"".join(parts))
        hang(connection)

    return script


def pg(kind, body):
    return kind + struct.pack(">I", len(body) + 4) + body


def my(body, number=0):
    return len(body).to_bytes(3, "little") + bytes([number]) + body


GREETING = my(b"\x0a8.0\0" + bytes(4) + b"12345678\0" + b"\xff\xf7\x2d\x02\0\xff\xff\x15" + bytes(10) + b"x" * 13)


@pytest.mark.parametrize(
    ("engine", "script", "said"),
    [
        ("postgresql", say(pg(b"R", struct.pack(">I", 3))), "needs TLS"),
        ("postgresql", say(pg(b"R", struct.pack(">I", 7))), "login 7"),
        ("postgresql", say(pg(b"R", struct.pack(">I", 10) + b"SCRAM-SHA-256\0\0"), pg(b"R", bytes(4))), "prove"),
        ("postgresql", say(pg(b"E", b"SFATAL\0Mtoo many clients\0\0")), "too many clients"),
        ("postgresql", say(b"R\0\0\0\x01"), "protocol"),
        ("mysql", say(my(b"\xff\x10\x04Too many connections")), "Too many connections"),
        ("mysql", say(my(b"\x0a")), "protocol"),
        ("mysql", say(my(b"")), "protocol"),
        ("mysql", say(GREETING, my(b"\x01\x04", 2)), "needs TLS"),
        ("mysql", say(GREETING, my(b"\xfeclient_ed25519\0salt", 2)), "client_ed25519"),
        ("mysql", say(GREETING, my(b"\0", 2), my(b"\xfb/etc/passwd", 1)), "a file of ours"),
    ],
)
def test_what_a_login_must_not_do_it_does_not(probe, engine, script, said):
    with tcp_server(script) as port:
        settings = {"engine": engine, "host": "127.0.0.1", "port": port, "username": "u", "password": "p"}
        result = probe("sql", **settings, tls="none", timeout_ms=2000)
    assert result.failure_class == "assertion"
    assert said in result.detail


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
@pytest.mark.parametrize(
    ("script", "classes"),
    [
        (hang, ["timeout"]),
        (lambda connection: None, ["reset"]),
        (forever(b"HTTP/1.1 200 OK\r\n"), ["too_large", "assertion"]),
        (forever(b"\0"), ["too_large", "assertion"]),
        (forever(pg(b"N", b"notice")), ["too_large", "assertion"]),
        (forever(pg(b"R", bytes(4))), ["too_large", "assertion"]),
    ],
    ids=["hang", "hang up", "http", "zeros", "notices", "welcomes"],
)
def test_what_is_no_database_ends_in_its_class(probe, engine, script, classes):
    with tcp_server(script) as port:
        result = probe("sql", engine=engine, host="127.0.0.1", port=port, username="u", tls="none", timeout_ms=600)
    # Zeros and HTTP may announce more than ever comes.
    assert result.failure_class in [*classes, "timeout"]


def test_only_allowed_addresses_are_dialled(probe):
    heard = []
    with tcp_server(heard.append) as port:
        result = probe("sql", **POSTGRESQL, port=port, policy=AddressPolicy())
    assert (result.failure_class, heard) == ("blocked", [])
