"""The SSH probe: the server's banner, and the host key it proves to hold, without logging in."""

import re
from collections.abc import Generator, Mapping
from typing import Any

from common.version import VERSION
from monitors.probes.base import ProbeFailed, Result
from monitors.probes.fields import HOST, IP_VERSION, LATENCY_THRESHOLD, assertions, port
from monitors.probes.handles import Handles
from monitors.probes.judging import conclude
from monitors.probes.operations import Deadline, Operation, Steps
from monitors.probes.schema import Field, Problem
from monitors.probes.ssh_wire import ECDH_REPLY, KEXINIT, BadExchange, Exchange, HostKey, Reader, packet
from monitors.probes.stream import Stream, open_stream

_VERSION_LINE = f"SSH-2.0-websignal_checker_{VERSION}".encode()
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?")
_MOST_LINES = 20  # before the version line (RFC 4253 section 4.2)
_MOST_PACKET_BYTES = 35_000
_DISCONNECT, _SILENT = 1, frozenset({2, 4})  # 2: ignore, 4: debug

SSH_FIELDS = (
    HOST,
    port(22),
    Field(
        name="host_key",
        kind="text",
        nullable=True,
        minimum=1,
        maximum=100,
        help="The expected fingerprint, as ssh-keygen -l prints it: SHA256:… By default the first one seen.",
    ),
    Field(
        name="key_type",
        kind="choice",
        choices=(None, "ed25519", "ecdsa", "rsa"),
        nullable=True,
        help="Which of the server's keys to ask for; by default the first it has, in this order.",
    ),
    IP_VERSION,
    assertions("body", "latency"),
    LATENCY_THRESHOLD,
)


def wrong_ssh(settings: Mapping[str, Any]) -> list[Problem]:
    """A fingerprint that is none."""
    if key := settings.get("host_key"):
        is_one = _FINGERPRINT.fullmatch(key.strip())
        return [] if is_one else [("/hostKey", "Give SHA256: and the 43 characters that ssh-keygen -l prints.")]
    return []


def probe_ssh(result: Result, handles: Handles, deadline: Deadline) -> Steps:
    """Exchange keys; the body is the banner, `facts` get `banner`, `host_key` and `host_key_type`.

    Raises ProbeFailed: `assertion` when the key is not the expected one or the server does not speak SSH.
    """
    settings = result.check.settings
    stream: Stream = yield from open_stream(settings["host"], settings["port"], result, handles, deadline)
    try:
        banner = yield from _exchange_versions(stream)
        result.facts["banner"] = banner.decode("utf-8", "replace")
        key = yield from _learn_key(stream, banner, settings.get("key_type"))
        stream.note_phases()
    except BadExchange as error:
        raise ProbeFailed("assertion", f"{stream.server} does not speak SSH as it should: {error}.") from error
    finally:
        stream.close()
    result.facts |= {"host_key": key.fingerprint, "host_key_type": key.type}
    expected = (settings.get("host_key") or "").strip().rstrip("=")
    yield from conclude(result, banner)
    if expected and expected != key.fingerprint:
        told = f"The host key is {key.fingerprint} ({key.type}), not {expected}."
        raise ProbeFailed("assertion", told, objection="SSL")


def _exchange_versions(stream: Stream) -> Generator[Operation, Any, bytes]:
    yield from stream.send(_VERSION_LINE + b"\r\n")
    for _ in range(_MOST_LINES):
        line = yield from stream.take_line(1_024)
        if line.startswith(b"SSH-"):
            if not line.startswith((b"SSH-2.0-", b"SSH-1.99-")):
                raise BadExchange("it speaks only version 1")
            return line
    raise BadExchange("it does not say its version")


def _learn_key(stream: Stream, banner: bytes, key_type: str | None) -> Generator[Operation, Any, HostKey]:
    exchange = Exchange(_VERSION_LINE, banner, key_type)
    yield from stream.send(packet(exchange.offer))
    guessed_wrong = exchange.hear_offer((yield from _next(stream, KEXINIT)))
    yield from stream.send(packet(exchange.begin))
    if guessed_wrong:
        yield from _any(stream)
    return exchange.host_key((yield from _next(stream, ECDH_REPLY)))


def _next(stream: Stream, wanted: int) -> Generator[Operation, Any, bytes]:
    while (payload := (yield from _any(stream)))[0] in _SILENT:
        pass
    if payload[0] == _DISCONNECT:
        reader = Reader(payload[5:])
        raise BadExchange(f"it hung up: {reader.string().decode('utf-8', 'replace')[:200]}")
    if payload[0] != wanted:
        raise BadExchange(f"it sent message {payload[0]} where {wanted} belongs")
    return payload


def _any(stream: Stream) -> Generator[Operation, Any, bytes]:
    size = int.from_bytes((yield from stream.take(4)))
    if not 2 <= size <= _MOST_PACKET_BYTES:
        raise BadExchange("a packet has an impossible size")
    body = yield from stream.take(size)
    payload = body[1 : size - body[0]]
    if not payload:
        raise BadExchange("a packet is empty")
    return payload
