"""The gRPC probe against a small HTTP/2 server that answers as a health service does, or otherwise."""

import pytest

from common.addresses import AddressPolicy
from tests.monitors.probes.health_server import STATUS_404, health, message
from tests.monitors.probes.scripted import forever, hang, tcp_server


def test_a_server_that_serves_is_fine(probe):
    asked = []
    with tcp_server(health(asked=asked)) as port:
        result = probe("grpc", host="localhost", port=port, tls="none")
        named = probe("grpc", host="127.0.0.1", port=port, tls="none", service="shop.v1.Cart")
    assert (result.ok, result.detail, named.ok) == (True, "", True)
    assert result.facts == {"grpc_status": "0", "serving": "SERVING"}
    assert asked == [message(b""), message(b"\x0a\x0cshop.v1.Cart")]


def test_under_tls_the_certificate_is_verified(probe, authority):
    def secured(*names):
        context = authority.context(*names)
        context.set_alpn_protocols(["h2"])
        return context

    with tcp_server(health(), secured()) as port:
        result = probe("grpc", host="localhost", port=port)
    assert (result.ok, result.detail) == (True, "")
    assert "localhost" in result.certificate.names
    with tcp_server(health(), secured("other.example")) as port:
        assert probe("grpc", host="localhost", port=port).failure_class == "tls"
        assert probe("grpc", host="localhost", port=port, verify_tls=False).ok


@pytest.mark.parametrize(
    ("answer", "failure_class", "said"),
    [
        ({"body": b"\x08\x02"}, "assertion", "The server is NOT_SERVING."),
        ({"body": b""}, "assertion", "UNKNOWN"),
        ({"body": b"\x08\x09"}, "assertion", "status 9"),
        ({"body": b"\x12\x01x"}, "assertion", "not one of a health service"),
        ({"body": None}, "assertion", "not one of a health service"),
        ({"body": None, "grpc_status": "5"}, "http_status", "knows no service"),
        ({"body": None, "grpc_status": "12"}, "http_status", "no health service"),
        ({"body": None, "grpc_status": "14", "note": "try%20later"}, "http_status", "status 14: try later."),
        ({"status": STATUS_404}, "http_status", "status 404"),
        ({"type": "text/html"}, "http_status", "not with gRPC"),
    ],
)
def test_each_other_answer_is_named(probe, answer, failure_class, said):
    with tcp_server(health(**answer)) as port:
        result = probe("grpc", host="127.0.0.1", port=port, tls="none")
    assert result.failure_class == failure_class
    assert said in result.detail


@pytest.mark.parametrize(
    ("script", "failure_class"),
    [(hang, "timeout"), (lambda connection: None, "reset"), (forever(b"HTTP/1.1 200 OK\r\n\r\n"), "reset")],
    ids=["hang", "hang up", "HTTP/1.1"],
)
def test_what_speaks_no_http2_ends_in_its_class(probe, script, failure_class):
    with tcp_server(script) as port:
        result = probe("grpc", host="127.0.0.1", port=port, tls="none", timeout_ms=500)
    assert result.failure_class == failure_class


def test_only_allowed_addresses_are_dialled(probe):
    heard = []
    with tcp_server(heard.append) as port:
        result = probe("grpc", host="localhost", port=port, tls="none", policy=AddressPolicy())
    assert (result.failure_class, heard) == ("blocked", [])
