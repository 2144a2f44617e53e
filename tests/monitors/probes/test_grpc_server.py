"""The gRPC probe against the health service that comes with gRPC itself, plain and secured."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse as Answer


@pytest.fixture(scope="module")
def grpc_server(authority):
    """Ports of a real server: `plain` and `secured`; what its services say is set on `health`."""
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    servicer = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    issued = authority._authority.issue_cert("localhost")
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    credentials = grpc.ssl_server_credentials([(issued.private_key_pem.bytes(), chain)])
    ports = {
        "plain": server.add_insecure_port("127.0.0.1:0"),
        "secured": server.add_secure_port("127.0.0.1:0", credentials),
    }
    server.start()
    yield ports, servicer
    server.stop(0).wait(5)


@pytest.mark.parametrize("secured", [False, True])
def test_a_real_server_says_that_it_serves(probe, grpc_server, secured):
    ports, _ = grpc_server
    port, tls = (ports["secured"], "tls") if secured else (ports["plain"], "none")
    result = probe("grpc", host="localhost", port=port, tls=tls)
    assert (result.ok, result.detail) == (True, "")
    assert result.facts == {"grpc_status": "0", "serving": "SERVING"}
    assert (result.certificate is not None) is secured


def test_a_service_that_does_not_serve_and_one_that_nobody_knows(probe, grpc_server):
    ports, servicer = grpc_server
    servicer.set("shop.v1.Cart", Answer.NOT_SERVING)
    settings = {"host": "127.0.0.1", "port": ports["plain"], "tls": "none"}
    down = probe("grpc", service="shop.v1.Cart", **settings)
    assert (down.failure_class, down.detail) == ("assertion", "shop.v1.Cart is NOT_SERVING.")
    servicer.set("shop.v1.Cart", Answer.SERVING)
    assert probe("grpc", service="shop.v1.Cart", **settings).ok
    unknown = probe("grpc", service="shop.v1.Nobody", **settings)
    assert (unknown.failure_class, "knows no service" in unknown.detail) == ("http_status", True)


def test_a_server_without_a_health_service_says_so(probe):
    server = grpc.server(ThreadPoolExecutor(max_workers=1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        result = probe("grpc", host="127.0.0.1", port=port, tls="none")
    finally:
        server.stop(0).wait(5)
    assert (result.failure_class, "no health service" in result.detail) == ("http_status", True), result.detail
