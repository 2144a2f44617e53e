"""The DNS probe: asks a resolver for the records of a name and compares them with what is expected."""

import secrets
import struct
import time
from collections.abc import Generator, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from common.resolve import is_address
from monitors.probes.base import ProbeFailed, Result
from monitors.probes.dialling import dial, find_addresses, label, plain_host
from monitors.probes.dns_message import CODES, TYPES, BadMessage, Reply, question, read_reply
from monitors.probes.dns_records import same, texts_of
from monitors.probes.fields import LATENCY_THRESHOLD, assertions
from monitors.probes.handles import Handles
from monitors.probes.judging import conclude
from monitors.probes.operations import Deadline, Operation, Steps
from monitors.probes.schema import Field, Problem
from monitors.probes.stream import Stream
from monitors.probes.udp import Datagrams

PORT = 53
REPEAT_SECONDS = 1.0
MOST_TRIES = 4

DNS_FIELDS = (
    Field(
        name="hostname",
        kind="text",
        required=True,
        minimum=1,
        maximum=253,
        help="The name to ask for, without https:// before it: www.example.org. For PTR an IP address will do.",
    ),
    Field(
        name="record_type",
        kind="choice",
        choices=tuple(TYPES),
        default="A",
        help="The records to ask for: A is IPv4 addresses.",
    ),
    Field(
        name="resolver",
        kind="text",
        nullable=True,
        minimum=1,
        maximum=260,
        help="The name server to ask, such as 9.9.9.9 or ns1.example.org:5353; by default that of the region, port 53.",
    ),
    Field(
        name="expected",
        kind="texts",
        nullable=True,
        maximum=100,
        help="Exactly these records, in any order, as a zone file has them: 192.0.2.7, or 10 mail.example.com for MX. "
        "By default the first answer that comes is what the next ones are compared with.",
    ),
    Field(
        name="require_dnssec",
        kind="boolean",
        default=False,
        help="Off by default. On: the resolver must say that it has validated the answer (the AD flag).",
    ),
    assertions("record", "latency"),
    LATENCY_THRESHOLD,
)


def wrong_dns(settings: Mapping[str, Any]) -> list[Problem]:
    """A name or a resolver that cannot be asked; expected records that no answer can hold."""
    wrong: list[Problem] = []
    kind = settings.get("record_type") or "A"
    if "://" in (settings.get("hostname") or ""):
        return [("/hostname", "Give a name alone, without https:// before it.")]
    try:
        if name := settings.get("hostname"):
            question(0, _name_of(name, kind), TYPES[kind], dnssec=False)
    except (ProbeFailed, BadMessage):
        wrong.append(("/hostname", "Give a name to ask for, such as example.org."))
    try:
        if resolver := settings.get("resolver"):
            plain_host(split_port(resolver.strip())[0])
    except ProbeFailed:
        wrong.append(("/resolver", "Give a host, host:port or [IPv6]:port."))
    version = {"A": 4, "AAAA": 6}.get(kind)
    for index, text in enumerate(settings.get("expected") or []):
        if version and not (is_address(text) and ip_address(text).version == version):
            wrong.append((f"/expected/{index}", f"Records of type {kind} are IPv{version} addresses."))
    return wrong


def probe_dns(result: Result, handles: Handles, deadline: Deadline) -> Steps:
    """Ask, over UDP and if need be TCP; `facts` get `records`, `ttl`, `dnssec` and `resolver`.

    Raises ProbeFailed: `dns` when the resolver says no, `assertion` when the answer is another one.
    """
    settings = result.check.settings
    kind, dnssec = settings.get("record_type") or "A", bool(settings.get("require_dnssec"))
    name = _name_of(settings["hostname"], kind)
    try:
        asked = question(secrets.randbelow(65_536), name, TYPES[kind], dnssec=dnssec)
        reply = yield from _ask(asked, result, handles, deadline)
        records = texts_of(reply, kind, name)
    except BadMessage as error:
        raise ProbeFailed("dns", str(error)) from error
    ttl = min((record.ttl for record in reply.answers), default=None)
    result.facts |= {"records": records, "ttl": ttl, "dnssec": reply.authentic}
    yield from conclude(result, "\n".join(records).encode(), records)
    _judge(reply, records, kind, settings)


def _judge(reply: Reply, records: Sequence[str], kind: str, settings: Any) -> None:
    expected = settings.get("expected")
    if reply.code and not (reply.code == 3 and expected == []):
        reason = CODES.get(reply.code, f"it answered with code {reply.code}")
        raise ProbeFailed("dns", f"{settings['hostname']} {kind}: {reason}.")
    if expected is not None and not same(expected, records, kind):
        found, wanted = ", ".join(records) or "nothing", ", ".join(expected) or "nothing"
        told = f"The answer was {found[:300]}; expected was {wanted[:300]}."
        raise ProbeFailed("assertion", told, objection="DNS")
    if expected is None and not records and not settings.get("assertions"):
        raise ProbeFailed("dns", f"{settings['hostname']} has no {kind} record.")
    if settings.get("require_dnssec") and not reply.authentic:
        raise ProbeFailed("assertion", "The resolver has not validated the answer (no AD flag).")


def _name_of(hostname: str, kind: str) -> str:
    text = hostname.strip()
    if kind == "PTR" and is_address(text):
        return ip_address(text).reverse_pointer
    if text.isascii():
        return text
    return plain_host(text)


def _ask(asked: bytes, result: Result, handles: Handles, deadline: Deadline) -> Generator[Operation, Any, Reply]:
    """Ask each server in turn, so that a lost datagram or a dead server costs a second, not the check."""
    servers = yield from _servers(result, handles, deadline)
    last: ProbeFailed | BadMessage = ProbeFailed("timeout", "No name server answered in time.")
    started = time.monotonic()
    for attempt in range(MOST_TRIES):
        address, port = servers[attempt % len(servers)]
        until = deadline.at if attempt == MOST_TRIES - 1 else time.monotonic() + REPEAT_SECONDS
        result.address = address
        try:
            reply, arrival = yield from _over_udp(asked, address, port, min(until, deadline.at))
        except ProbeFailed as failure:
            last = failure
        else:
            result.phases.first_byte = (arrival - started) * 1000
            result.facts["resolver"] = f"{address}:{port}"
            return (yield from _over_tcp(asked, port, result, deadline)) if reply.truncated else reply
        if time.monotonic() >= deadline.at:
            break
    raise last


def _servers(result: Result, handles: Handles, deadline: Deadline) -> Generator[Operation, Any, list[tuple[str, int]]]:
    """The operator's own name servers, or the monitor's: only these are judged as addresses to dial."""
    given = (result.check.settings.get("resolver") or "").strip()
    if not given:
        return system_servers(handles.nameservers)
    host, port = split_port(given)
    addresses = yield from find_addresses(host, result, handles, deadline)
    return [(address, port) for address in addresses]


def split_port(text: str) -> tuple[str, int]:
    """`host`, `host:port` or `[IPv6]:port` apart. Raises ProbeFailed (`dns`) when the port is none."""
    host, _, port = text.rpartition(":")
    if is_address(text) or not host:
        return text.strip("[]") if not is_address(text) else text, PORT
    if not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) < 65_536:
        raise ProbeFailed("dns", f"{text[:80]!r} is not a name server.")
    return host.strip("[]"), int(port)


def system_servers(given: Sequence[str] | None) -> list[tuple[str, int]]:
    """The name servers of this machine, as resolv.conf has them now, unless the operator gave others."""
    names = list(given or ())
    if not names:
        lines = Path("/etc/resolv.conf").read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.split()[1] for line in lines if line.startswith("nameserver") and len(line.split()) > 1]
    return [split_port(name) for name in names] or [("127.0.0.1", PORT)]


def _over_udp(asked: bytes, address: str, port: int, until: float) -> Generator[Operation, Any, tuple[Reply, float]]:
    datagrams = Datagrams("The name server", address, port)
    try:
        datagrams.send(asked)
        while (found := (yield from datagrams.receive(until))) is not None:
            message, arrival = found
            try:
                return read_reply(message, asked), arrival
            except BadMessage:
                continue  # somebody's forgery, or garbage: the answer may still come
    finally:
        datagrams.sock.close()
    raise ProbeFailed("timeout", f"{datagrams.server} did not answer in time.")


def _over_tcp(asked: bytes, port: int, result: Result, deadline: Deadline) -> Generator[Operation, Any, Reply]:
    """The same question where answers may be long (RFC 7766)."""
    started = time.monotonic()
    sock = yield from dial("The name server", result.address or "", port, result, deadline)
    stream = Stream(sock, label("The name server", result.address or "", port), result, deadline)
    try:
        yield from stream.send(struct.pack(">H", len(asked)) + asked)
        size = yield from stream.take(2)
        message = yield from stream.take(int.from_bytes(size))
        result.phases.connect = None
        result.phases.transfer = (time.monotonic() - started) * 1000
        return read_reply(message, asked)
    finally:
        stream.close()
