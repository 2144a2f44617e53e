"""From a host's name to a socket connected to one of its addresses, judged before it is dialled."""

import errno
import os
import socket
import struct
import time
from collections.abc import Generator
from typing import Any, NoReturn

from common.addresses import AddressPolicy
from common.resolve import is_address
from common.web_address import BadWebAddress, parse_web_address
from monitors.probes.base import ProbeFailed, Result
from monitors.probes.handles import Handles
from monitors.probes.operations import WRITE, Deadline, Operation, Resolve, Wait

MOST_ADDRESSES = 4
_NOT_HOST = frozenset("/?#@:[]%\\")
_CLASSES = {
    errno.ECONNREFUSED: "refused",
    errno.ETIMEDOUT: "timeout",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ENOTCONN: "reset",
    errno.ECONNABORTED: "reset",
}
# Errors of this machine say nothing about the target: they are not a result.
_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
# struct tcp_info (linux/tcp.h): tcpi_rtt in us, and how many segments were sent more than once.
_TCP_INFO_BYTES, _RTT_OFFSET, _RETRANSMITTED_OFFSET = 104, 68, 100


class NotConnected(ProbeFailed):
    """An address took no connection; another of the same host may."""


def failed(error: OSError, server: str) -> ProbeFailed:
    """What a socket's error says about `server`. Raises `error` itself when it is this machine's own."""
    if error.errno in _OURS:
        raise error
    reason = (error.strerror or str(error)).lower()
    name = _CLASSES.get(error.errno or 0, "unreachable")
    sentences = {
        "refused": f"{server} refused the connection.",
        "timeout": f"{server} did not answer in time: {reason}.",
        "reset": f"The connection to {server} broke: {reason}.",
        "unreachable": f"{server} cannot be reached: {reason}.",
    }
    return ProbeFailed(name, sentences[name])


def allowed(addresses: tuple[str, ...], policy: AddressPolicy) -> list[str]:
    """The addresses that may be dialled, at most four. Raises ProbeFailed (`blocked`) when there is none."""
    passed = [address for address in addresses if policy.refuse_reason(address) is None]
    if not passed:
        raise ProbeFailed("blocked", f"{policy.refuse_reason(addresses[0])}; it may not be checked from here.")
    return passed[:MOST_ADDRESSES]


def find_addresses(
    host: str, result: Result, handles: Handles, deadline: Deadline
) -> Generator[Operation, Any, list[str]]:
    """Resolve `host` and return what may be dialled; the time it took is the phase `dns`."""
    name = plain_host(host)
    if is_address(name):
        result.phases.dns = 0.0
        return allowed((name,), handles.policy)
    started = time.monotonic()
    ip_version = result.check.settings.get("ip_version")
    addresses = yield Resolve(name, ip_version, deadline.at, deadline.fresh)
    result.phases.dns = (time.monotonic() - started) * 1000
    return allowed(addresses, handles.policy)


def plain_host(host: str) -> str:
    """A host as it is dialled: ASCII, lower case, numeric forms of IPv4 made plain. Raises ProbeFailed (`dns`)."""
    host = host.strip()
    if is_address(host):
        return host
    if not host or _NOT_HOST & set(host):
        raise ProbeFailed("dns", f"{host[:80]!r} is not a host name.")
    try:
        return parse_web_address(f"http://{host}/").host
    except BadWebAddress as error:
        raise ProbeFailed("dns", f"{host[:80]!r} is not a host name.") from error


def label(host: str, address: str, port: int) -> str:
    """How a sentence for a person names a server."""
    return f"{host} ({address}) port {port}"


def connect(
    host: str, port: int, result: Result, handles: Handles, deadline: Deadline
) -> Generator[Operation, Any, socket.SocketType]:
    """Open a TCP connection to the first address of `host` that takes it. Raises ProbeFailed."""
    addresses = yield from find_addresses(host, result, handles, deadline)
    for position, address in enumerate(addresses, start=1):
        result.address = address
        try:
            return (yield from dial(host, address, port, result, deadline))
        except NotConnected:
            if position == len(addresses):
                raise
    raise AssertionError("unreachable: the last address returns or raises")


def dial(
    host: str, address: str, port: int, result: Result, deadline: Deadline
) -> Generator[Operation, Any, socket.SocketType]:
    """Open a TCP connection to an address that has been judged. Raises NotConnected, ProbeFailed when time is up."""
    sock = open_socket(address, socket.SOCK_STREAM)
    started = time.monotonic()
    try:
        code = sock.connect_ex((address, port))
        if code == errno.EINPROGRESS:
            if not (yield Wait(sock.fileno(), WRITE, deadline.at, True)):
                server = label(host, address, port)
                raise ProbeFailed("timeout", f"{server} did not accept the connection in time.")
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            _refused(code, label(host, address, port))
        result.phases.connect = _handshake_ms(sock, (time.monotonic() - started) * 1000)
    except BaseException:
        sock.close()
        raise
    return sock


def _refused(code: int, server: str) -> NoReturn:
    failure = failed(OSError(code, os.strerror(code)), server)
    raise NotConnected(failure.failure_class, failure.detail)


def open_socket(address: str, kind: int, protocol: int = 0) -> socket.SocketType:
    """A socket that does not block, for dialling `address`; the plain type, which costs less."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.SocketType(family, kind | socket.SOCK_NONBLOCK, protocol)


def _handshake_ms(sock: socket.SocketType, measured: float) -> float:
    """The kernel's own round-trip time of the handshake, which a busy loop cannot lengthen."""
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        round_trip: int = struct.unpack_from("I", info, _RTT_OFFSET)[0]
        repeated: int = struct.unpack_from("I", info, _RETRANSMITTED_OFFSET)[0]
    except (OSError, struct.error):
        return measured
    # A repeated SYN is not in the round-trip time, but in what a client waits.
    return min(measured, round_trip / 1000) if round_trip and not repeated else measured
