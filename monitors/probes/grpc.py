"""The gRPC probe: asks a server's health service (grpc.health.v1) whether it, or one service, is serving."""

from collections.abc import Generator
from typing import Any
from urllib.parse import unquote

from common.web_address import BadWebAddress, parse_web_address
from monitors.probes.base import ProbeFailed, Result
from monitors.probes.dialling import plain_host
from monitors.probes.fields import HOST, IP_VERSION, LATENCY_THRESHOLD, VERIFY_TLS, assertions, port, tls_mode
from monitors.probes.handles import Handles
from monitors.probes.http import hop
from monitors.probes.judging import conclude
from monitors.probes.operations import Deadline, Operation, Steps
from monitors.probes.request import HttpRequest, Shape
from monitors.probes.schema import Field

_PATH = "/grpc.health.v1.Health/Check"
_HEADERS = (("Content-Type", "application/grpc"), ("TE", "trailers"))
_STATUSES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
_OK, _NOT_FOUND, _UNIMPLEMENTED = "0", "5", "12"

GRPC_FIELDS = (
    HOST,
    port(),
    Field(
        name="service",
        kind="text",
        nullable=True,
        maximum=200,
        help="The service to ask for, for example shop.v1.Cart; by default the server as a whole.",
    ),
    tls_mode("tls: from the first byte; none: HTTP/2 in clear text.", "tls", "none"),
    VERIFY_TLS,
    IP_VERSION,
    assertions("header", "certificate", "latency"),
    LATENCY_THRESHOLD,
)


def probe_grpc(result: Result, handles: Handles, deadline: Deadline) -> Steps:
    """Call Health.Check; `facts` get `serving` (the status's name) and `grpc_status`.

    Raises ProbeFailed: `http_status` when the call itself fails, `assertion` when the answer is not SERVING.
    """
    service = result.check.settings.get("service") or ""
    body: bytes = yield from _call(result, handles, deadline, _question(service))
    headers = {name.lower(): value for name, value in result.headers}
    status = headers.get("grpc-status", "")
    result.facts["grpc_status"] = status
    if result.status_code != 200 or not headers.get("content-type", "").startswith("application/grpc"):
        raise ProbeFailed("http_status", f"The server answered with status {result.status_code}, not with gRPC.")
    if status != _OK:
        raise ProbeFailed("http_status", _refusal(status, service, headers.get("grpc-message", "")))
    serving = _serving(body)
    result.facts["serving"] = serving
    yield from conclude(result, serving.encode())
    if serving != "SERVING":
        raise ProbeFailed("assertion", f"{service or 'The server'} is {serving}.")


def _call(result: Result, handles: Handles, deadline: Deadline, message: bytes) -> Generator[Operation, Any, bytes]:
    settings = result.check.settings
    host = plain_host(settings["host"])
    scheme = "http" if settings.get("tls") == "none" else "https"
    name = f"[{host}]" if ":" in host else host
    try:
        to = parse_web_address(f"{scheme}://{name}:{settings['port']}{_PATH}")
    except BadWebAddress as error:
        raise ProbeFailed("dns", str(error)) from error
    verify = bool(settings.get("verify_tls", True))
    shape = Shape(method="POST", headers=_HEADERS, body=message, verify_tls=verify, http2=True)
    request = HttpRequest(
        to=to, shape=shape, ip_version=settings.get("ip_version"), redirects_left=None, block_http_downgrade=True
    )
    _, body = yield from hop(request, result, handles, deadline, True)
    return body


def _question(service: str) -> bytes:
    """A length-prefixed HealthCheckRequest: one string, field 1."""
    name = service.encode()
    message = b"\x0a" + _varint(len(name)) + name if name else b""
    return b"\0" + len(message).to_bytes(4) + message


def _varint(number: int) -> bytes:
    data = b""
    while number > 127:
        data += bytes([number & 127 | 128])
        number >>= 7
    return data + bytes([number])


def _serving(body: bytes) -> str:
    """The status in a length-prefixed HealthCheckResponse: one enum, field 1; absent is UNKNOWN.

    Raises ProbeFailed when the message is another.
    """
    size = int.from_bytes(body[1:5])
    message = body[5 : 5 + size]
    if len(body) < 5 or body[0] or len(message) != size or message[:1] not in (b"", b"\x08"):
        raise ProbeFailed("assertion", "The answer is not one of a health service.")
    number = message[1] if len(message) > 1 else 0
    return _STATUSES.get(number, f"status {number}")


def _refusal(status: str, service: str, message: str) -> str:
    if status == _NOT_FOUND:
        return f"The server knows no service {service!r}."
    if status == _UNIMPLEMENTED:
        return "The server has no health service (grpc.health.v1)."
    said = unquote(message)[:200].rstrip(".")
    return f"The call ended with gRPC status {status or 'missing'}: {said or 'nothing more was said'}."
