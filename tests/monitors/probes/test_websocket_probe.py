"""The WebSocket probe against a real server, plain and secured, and against ones that only seem to be."""

import threading

import pytest
from websockets.sync.server import serve

from common.addresses import AddressPolicy
from tests.monitors.probes.scripted import accept_then, forever, hang, tcp_server


def echo(connection):
    connection.send('{"hello": "you"}')
    connection.ping()
    for message in connection:
        connection.send(["you said ", message])


@pytest.fixture
def websocket_server():
    """Start a real WebSocket server; returns its port."""
    started = []

    def start(**options):
        server = serve(echo, "127.0.0.1", 0, **options)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        started.append((server, thread))
        return server.socket.getsockname()[1]

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join(5)


def test_a_handshake_is_enough(probe, websocket_server):
    result = probe("websocket", url=f"ws://localhost:{websocket_server()}/live?x=1")
    assert (result.ok, result.detail, result.status_code) == (True, "", 101)
    assert ("Upgrade", "websocket") in result.headers
    assert result.phases.first_byte is not None


def test_a_message_in_fragments_is_put_together_and_expected(probe, websocket_server):
    port = websocket_server()
    result = probe("websocket", url=f"ws://127.0.0.1:{port}/", send="ping ü", expect="you said ping ü")
    assert (result.ok, result.body_excerpt) == (True, "you said ping ü".encode())
    silent = probe("websocket", url=f"ws://127.0.0.1:{port}/", expect="never", timeout_ms=400)
    assert silent.failure_class == "timeout"
    assert silent.body_excerpt == b'{"hello": "you"}'


def test_the_first_message_can_be_asserted_on(probe, websocket_server):
    said = [{"source": "json", "property": "$.hello", "comparison": "equals", "target": "you"}]
    port = websocket_server()
    assert probe("websocket", url=f"ws://127.0.0.1:{port}/", assertions=said).ok
    said[0]["target"] = "me"
    assert probe("websocket", url=f"ws://127.0.0.1:{port}/", assertions=said).failure_class == "assertion"


def test_a_secured_one_has_its_certificate_verified(probe, websocket_server, authority):
    port = websocket_server(ssl=authority.context())
    result = probe("websocket", url=f"wss://localhost:{port}/")
    assert (result.ok, "localhost" in result.certificate.names) == (True, True)
    port = websocket_server(ssl=authority.context("other.example"))
    assert probe("websocket", url=f"wss://localhost:{port}/").failure_class == "tls"
    assert probe("websocket", url=f"wss://localhost:{port}/", verify_tls=False).ok


def test_a_subprotocol_must_be_agreed_to(probe, websocket_server):
    port = websocket_server(subprotocols=["chat"])
    assert probe("websocket", url=f"ws://127.0.0.1:{port}/", subprotocol="chat").ok
    other = probe("websocket", url=f"ws://127.0.0.1:{port}/", subprotocol="other")
    assert other.failure_class in ("http_status", "assertion")


def test_headers_are_sent_and_none_smuggles_another(probe, websocket_server):
    heard = []
    port = websocket_server(process_request=lambda connection, request: heard.append(request.headers))
    assert probe("websocket", url=f"ws://127.0.0.1:{port}/", headers={"X-Team": "ops"}).ok
    assert heard[0]["X-Team"] == "ops"
    assert heard[0]["User-Agent"].startswith("websignal-checker/")
    bad = probe("websocket", url=f"ws://127.0.0.1:{port}/", headers={"X-A": "1\r\nX-B: 2"})
    assert (bad.failure_class, len(heard)) == ("blocked", 1)


def say(answer):
    def script(connection):
        connection.recv(4_000)
        connection.sendall(answer)
        hang(connection)

    return script


def test_messages_that_come_with_the_handshake_are_heard(probe):
    with tcp_server(accept_then(b"\x01\x02he", b"\x89\x00", b"\x80\x03llo")) as port:
        result = probe("websocket", url=f"ws://127.0.0.1:{port}/", expect="hello")
    assert (result.ok, result.body_excerpt) == (True, b"hello")


@pytest.mark.parametrize(
    ("script", "failure_class"),
    [
        (hang, "timeout"),
        (lambda connection: None, "reset"),
        (say(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), "http_status"),
        (say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), "http_status"),
        (say(b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n\r\n"), "assertion"),
        (say(b"SSH-2.0-x\r\n"), "assertion"),
        (forever(b"HTTP/1.1 101 Yes\r\n" + b"x: y\r\n" * 2_000), "any"),
        (accept_then(b"\x88\x02\x03\xe8"), "reset"),
        (accept_then(b"\x81\x7f" + b"\x7f" + b"\xff" * 7), "any"),
        (accept_then(b"\xf1\x00"), "any"),
        (accept_then(b"\x81\x02\xff\xfe"), "timeout"),
        (accept_then(*[b"\x81\x7e\x40\x00" + b"x" * 16_384] * 8), "too_large"),
    ],
)
def test_what_only_seems_to_be_one_ends_in_its_class(probe, script, failure_class):
    with tcp_server(script) as port:
        result = probe("websocket", url=f"ws://127.0.0.1:{port}/", expect="right", timeout_ms=500)
    assert not result.ok
    assert failure_class in ("any", result.failure_class), result.detail


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "ws://", "ws://a b/", "wss://127.0.0.1:0/", "ws:/x"])
def test_what_is_no_address_is_not_dialled(probe, url):
    assert probe("websocket", url=url).failure_class == "blocked"


def test_only_allowed_addresses_are_dialled(probe):
    heard = []
    with tcp_server(heard.append) as port:
        result = probe("websocket", url=f"ws://localhost:{port}/", policy=AddressPolicy())
    assert (result.failure_class, heard) == ("blocked", [])
