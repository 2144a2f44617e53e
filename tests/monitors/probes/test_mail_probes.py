"""The SMTP and IMAP probes against a real mail server, scripted ones, and ones that speak something else."""

from base64 import b64encode

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from common.invalid import Invalid
from monitors.masking import MASK
from monitors.probes.catalogue import PROBES
from monitors.settings import clean_settings
from tests.monitors.probes.scripted import closed_port, forever, hang, tcp_server


class Sink:
    """Takes no mail; a check sends none."""


@pytest.fixture
def mail_server(authority):
    """Start a real SMTP server; returns its port."""
    started = []

    def start(**options):
        controller = Controller(Sink(), hostname="127.0.0.1", port=closed_port(), **options)
        controller.start()
        started.append(controller)
        return controller.port

    yield start
    for controller in started:
        controller.stop()


def test_a_mail_server_greets_and_is_left(probe, mail_server):
    result = probe("smtp", host="localhost", port=mail_server())
    assert (result.ok, result.detail) == (True, "")
    assert "Python SMTP" in result.facts["banner"]
    assert "8BITMIME" in result.facts["extensions"]
    assert result.certificate is None


def test_starttls_is_asked_for_and_its_certificate_read(probe, mail_server, authority):
    port = mail_server(tls_context=authority.context())
    result = probe("smtp", host="localhost", port=port, tls="starttls")
    assert (result.ok, result.detail) == (True, "")
    assert "localhost" in result.certificate.names
    assert result.phases.tls > 0
    assert "STARTTLS" not in result.facts["extensions"]


def test_a_certificate_for_another_host_fails_after_starttls(probe, mail_server, authority):
    port = mail_server(tls_context=authority.context("other.example"))
    result = probe("smtp", host="localhost", port=port, tls="starttls")
    assert (result.failure_class, result.certificate.names) == ("tls", ("other.example",))
    assert probe("smtp", host="localhost", port=port, tls="starttls", verify_tls=False).ok


def test_starttls_that_is_not_offered_fails(probe, mail_server):
    result = probe("smtp", host="localhost", port=mail_server(), tls="starttls")
    assert result.failure_class == "assertion"
    assert "does not offer STARTTLS" in result.detail


def knows_ada(server, session, envelope, mechanism, login):
    return AuthResult(success=(login.login, login.password) == (b"ada", "pä ss".encode()), handled=False)


def test_a_login_is_taken_under_tls_and_a_wrong_one_is_said(probe, mail_server, authority):
    port = mail_server(tls_context=authority.context(), authenticator=knows_ada, auth_required=True)
    settings = {"host": "localhost", "port": port, "username": "ada", "password": "pä ss"}
    taken = probe("smtp", tls="starttls", **settings)
    assert (taken.ok, taken.detail) == (True, "")
    wrong = probe("smtp", tls="starttls", **settings | {"password": "something else"})
    assert (wrong.failure_class, "535" in wrong.detail) == ("assertion", True), wrong.detail
    plain = probe("smtp", tls="none", **settings)
    assert (plain.failure_class, "does not offer a login" in plain.detail) == ("assertion", True), plain.detail


@pytest.mark.parametrize("type", ["smtp", "imap"])
def test_a_password_needs_the_name_it_belongs_to(type):
    settings = {"host": "mail.example", "password": "secret"}
    with pytest.raises(Invalid) as wrong:
        clean_settings(PROBES[type].fields, settings, problems=PROBES[type].problems)
    assert [error.pointer for error in wrong.value.errors] == ["/username"]


@pytest.mark.parametrize("type", ["smtp", "imap"])
def test_a_server_that_repeats_the_login_gives_no_password_away(probe, type):
    def script(connection):
        connection.sendall(b"220 hi\r\n" if type == "smtp" else b"* OK hi\r\n")
        connection.recv(1000)
        offer = b"250-me\r\n250 AUTH PLAIN\r\n" if type == "smtp" else b"* CAPABILITY AUTH=PLAIN\r\na1 OK\r\n"
        connection.sendall(offer)
        login = connection.recv(1000)
        if type == "imap":
            connection.sendall(b"+\r\n")
            login = connection.recv(1000)
        connection.sendall((b"535 not " if type == "smtp" else b"a4 NO not ") + login)
        hang(connection)

    with tcp_server(script) as port:
        settings = {"host": "127.0.0.1", "port": port, "tls": "none", "username": "ada", "password": "hunter22"}
        result = probe(type, **settings)
    assert result.failure_class == "assertion"
    assert MASK in result.detail
    assert b64encode(b"\0ada\0hunter22").decode() not in result.detail


def test_tls_from_the_first_byte(probe, authority):
    with tcp_server(talk(SMTP), authority.context()) as port:
        result = probe("smtp", host="localhost", port=port, tls="tls")
    assert result.ok
    assert result.certificate is not None
    with tcp_server(talk(SMTP), authority.expired_context()) as port:
        expired = probe("smtp", host="localhost", port=port, tls="tls")
    assert (expired.failure_class, expired.phases.first_byte) == ("tls", None)
    assert "expired" in expired.detail
    assert expired.certificate is not None


def talk(lines):
    """Say the first line, then one for each line that is heard."""

    def script(connection):
        said = iter(lines)
        connection.sendall(next(said))
        for line in said:
            if not connection.recv(1000):
                return
            connection.sendall(line)

    return script


SMTP = [b"220-hello\r\n220 there\r\n", b"250-me\r\n250 SIZE 1\r\n", b"221 bye\r\n"]
IMAP = [b"* OK ready\r\n", b"* CAPABILITY IMAP4rev2 IDLE\r\na1 OK done\r\n", b"* BYE\r\na4 OK\r\n"]


def test_a_mailbox_server_says_what_it_can(probe, authority):
    with tcp_server(talk(IMAP)) as port:
        plain = probe("imap", host="127.0.0.1", port=port, tls="none")
    assert plain.ok
    assert plain.facts == {"banner": "OK ready", "capabilities": ["IMAP4REV2", "IDLE"]}
    with tcp_server(talk(IMAP), authority.context()) as port:
        secured = probe("imap", host="localhost", port=port, tls="tls")
    assert secured.ok
    assert secured.certificate is not None


def test_imap_starttls(probe, authority):
    def script(connection):
        connection.sendall(b"* OK ready\r\n")
        connection.recv(1000)
        connection.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK\r\n")
        connection.recv(1000)
        connection.sendall(b"a2 OK begin\r\n")
        with authority.context().wrap_socket(connection, server_side=True) as secured:
            secured.recv(1000)
            secured.sendall(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na3 OK\r\n")
            secured.recv(1000)

    with tcp_server(script) as port:
        result = probe("imap", host="localhost", port=port, tls="starttls")
    assert (result.ok, result.detail) == (True, "")
    assert result.facts["capabilities"] == ["IMAP4REV1", "AUTH=PLAIN"]


def test_nothing_said_before_the_handshake_counts_after_it(probe, authority):
    def script(connection):
        connection.sendall(b"220 hi\r\n")
        connection.recv(1000)
        connection.sendall(b"250-me\r\n250 STARTTLS\r\n")
        connection.recv(1000)
        connection.sendall(b"220 go\r\n250 injected\r\n")
        hang(connection)

    with tcp_server(script) as port:
        result = probe("smtp", host="localhost", port=port, tls="starttls", timeout_ms=500)
    assert result.failure_class in ("timeout", "tls", "reset")


@pytest.mark.parametrize("type", ["smtp", "imap"])
@pytest.mark.parametrize(
    ("script", "failure_class"),
    [
        (hang, "timeout"),
        (talk([b"HTTP/1.1 400 Bad Request\r\n\r\n"]), "assertion"),
        (talk([b"554 no service for you\r\n"]), "assertion"),
        (talk([b"* BYE\r\n"]), "assertion"),
        (lambda connection: None, "reset"),
        (forever(b"x"), "too_large"),
        (forever(b"220-x\r\n* OK x\r\n"), "any"),
        (talk([b"220 x\r\n"]), "any"),
    ],
    ids=["hang", "http", "refusal", "bye", "hang up", "one long line", "endless lines", "cut short"],
)
def test_what_is_no_mail_server_ends_in_its_class(probe, type, script, failure_class):
    with tcp_server(script) as port:
        result = probe(type, host="127.0.0.1", port=port, tls="none", timeout_ms=500)
    assert not result.ok
    assert failure_class in ("any", result.failure_class)


@pytest.mark.parametrize("type", ["smtp", "imap"])
def test_the_greeting_can_be_asserted_on(probe, type):
    said = [{"source": "body", "comparison": "contains", "target": "postfix"}]
    with tcp_server(talk(SMTP if type == "smtp" else IMAP)) as port:
        result = probe(type, host="127.0.0.1", port=port, tls="none", assertions=said)
    assert result.failure_class == "assertion"
