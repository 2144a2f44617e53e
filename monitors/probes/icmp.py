"""The ICMP probe: a few echo requests from an unprivileged socket; loss, round-trip times, jitter (RFC 792, 4443)."""

import errno
import secrets
import socket
import struct
import time
from collections.abc import Generator, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any

from monitors.probes.arrival import ANCILLARY_BYTES, arrived_at, ask_for_arrivals
from monitors.probes.base import ProbeFailed, Result
from monitors.probes.dialling import failed, find_addresses, open_socket
from monitors.probes.fields import HOST, IP_VERSION, LATENCY_THRESHOLD, assertions
from monitors.probes.handles import Handles
from monitors.probes.judging import conclude
from monitors.probes.operations import READ, Deadline, Operation, Steps, Wait
from monitors.probes.schema import Field

DEFAULT_COUNT, MOST_COUNT = 3, 20
DEFAULT_INTERVAL_MS = 200
DEFAULT_LOSS_PERCENT = 50
_MOST_RECEIVED = 200
_HEADER = struct.Struct(">BBHHH")
_PAYLOAD_BYTES = 48  # with the header 56, as ping sends
_FORBIDDEN = (
    "This machine may not send pings: its operator must allow the checker's group in the kernel setting"
    " net.ipv4.ping_group_range."
)

ICMP_FIELDS = (
    HOST,
    Field(
        name="count",
        kind="integer",
        default=DEFAULT_COUNT,
        minimum=1,
        maximum=MOST_COUNT,
        help=f"How many pings one check sends; by default {DEFAULT_COUNT}.",
    ),
    Field(
        name="interval_ms",
        kind="integer",
        default=DEFAULT_INTERVAL_MS,
        minimum=100,
        maximum=1_000,
        help=f"Milliseconds between two pings, by default {DEFAULT_INTERVAL_MS}; those for which the timeout leaves no "
        "room are not sent.",
    ),
    Field(
        name="max_loss_percent",
        kind="integer",
        default=DEFAULT_LOSS_PERCENT,
        minimum=0,
        maximum=99,
        help=f"Percent: a larger share of lost pings is a failure; by default {DEFAULT_LOSS_PERCENT}.",
    ),
    Field(
        name="max_jitter_ms",
        kind="integer",
        nullable=True,
        minimum=1,
        maximum=10_000,
        help="Milliseconds, such as 30: a larger mean difference between neighbouring round trips is a failure. By "
        "default none is.",
    ),
    IP_VERSION,
    assertions("latency"),
    LATENCY_THRESHOLD,
)


class _Pings:
    """Sends echo requests and notes the round trip (ms) of each that is answered."""

    def __init__(self, address: str) -> None:
        is_ipv6 = ":" in address
        self.address = address
        self._request, self._reply = (128, 129) if is_ipv6 else (8, 0)
        protocol = socket.IPPROTO_ICMPV6 if is_ipv6 else socket.IPPROTO_ICMP
        self._token = secrets.token_bytes(_PAYLOAD_BYTES)
        self._sent: dict[int, float] = {}
        self._received = 0
        self.round_trips: dict[int, float] = {}
        self.error: OSError | None = None
        try:
            self.sock = open_socket(address, socket.SOCK_DGRAM, protocol)
        except PermissionError as error:
            raise ProbeFailed("blocked", _FORBIDDEN) from error
        try:
            ask_for_arrivals(self.sock)
            self.sock.connect((address, 0))
        except OSError as error:
            self.sock.close()
            raise failed(error, address) from error

    @property
    def sent(self) -> int:
        """How many requests have left."""
        return len(self._sent)

    @property
    def complete(self) -> bool:
        """Whether every request is answered."""
        return len(self.round_trips) == len(self._sent)

    def send(self) -> None:
        """Send the next request. One that cannot be sent is a lost one."""
        number = len(self._sent)
        self._sent[number] = time.monotonic()
        try:
            self.sock.send(_HEADER.pack(self._request, 0, 0, 0, number) + self._token)
        except OSError as error:
            self._note(error)

    def listen(self, until: float, *, patient: bool) -> Generator[Operation, Any, None]:
        """Take answers until then, or, unless `patient`, until every request is answered."""
        while self._received < _MOST_RECEIVED and (patient or not self.complete):
            try:
                data, ancillary, *_ = self.sock.recvmsg(2_048, ANCILLARY_BYTES)
            except BlockingIOError:
                if not (yield Wait(self.sock.fileno(), READ, until, True)):
                    return
            except OSError as error:
                self._note(error)
            else:
                self._received += 1
                self._take(data, ancillary)

    def _take(self, data: bytes, ancillary: list[tuple[int, int, bytes]]) -> None:
        if len(data) < _HEADER.size or data[0] != self._reply or data[_HEADER.size :] != self._token:
            return
        number = _HEADER.unpack_from(data)[4]
        if number in self._sent and number not in self.round_trips:
            sent = self._sent[number]
            self.round_trips[number] = (arrived_at(ancillary, sent) - sent) * 1000

    def _note(self, error: OSError) -> None:
        """A router's "unreachable" is kept as the reason, should nothing come back."""
        self._received += 1
        if error.errno not in (errno.EAGAIN, errno.ENOBUFS):
            self.error = error


def probe_icmp(result: Result, handles: Handles, deadline: Deadline) -> Steps:
    """Ping `count` times; `facts` get sent, received, loss_percent, min_ms, mean_ms, max_ms and jitter_ms.

    The latency is the mean round trip. Raises ProbeFailed: `blocked` when this machine may not ping.
    """
    settings = result.check.settings
    result.address = (yield from find_addresses(settings["host"], result, handles, deadline))[0]
    pings = _Pings(result.address)
    try:
        yield from _ping(pings, settings, deadline)
    finally:
        pings.sock.close()
    round_trips = [trip for _, trip in sorted(pings.round_trips.items())]
    result.facts |= summary(pings.sent, round_trips)
    _judge(pings, result, settings)
    result.phases.first_byte = fmean(round_trips)
    yield from conclude(result)


def _ping(pings: _Pings, settings: Any, deadline: Deadline) -> Generator[Operation, Any, None]:
    count = settings.get("count") or DEFAULT_COUNT
    interval = (settings.get("interval_ms") or DEFAULT_INTERVAL_MS) / 1000
    started = time.monotonic()
    for number in range(1, count + 1):
        pings.send()
        if number == count or time.monotonic() + interval >= deadline.at:
            break
        yield from pings.listen(started + number * interval, patient=True)
    yield from pings.listen(deadline.at, patient=False)


def summary(sent: int, round_trips: Sequence[float]) -> dict[str, Any]:
    """What `round_trips` (ms, in the order they were sent) of `sent` pings say; times are None without any."""
    jitter = fmean(abs(after - before) for before, after in pairwise(round_trips)) if len(round_trips) > 1 else None
    numbers = {
        "min_ms": min(round_trips, default=None),
        "mean_ms": fmean(round_trips) if round_trips else None,
        "max_ms": max(round_trips, default=None),
        "jitter_ms": jitter,
    }
    rounded = {name: None if number is None else round(number, 3) for name, number in numbers.items()}
    loss = round(100 * (sent - len(round_trips)) / sent, 1)
    return {"sent": sent, "received": len(round_trips), "loss_percent": loss, **rounded}


def _judge(pings: _Pings, result: Result, settings: Any) -> None:
    facts = result.facts
    if not facts["received"] and pings.error is not None:
        raise failed(pings.error, pings.address)
    most_loss = settings.get("max_loss_percent", DEFAULT_LOSS_PERCENT)
    if not facts["received"] or facts["loss_percent"] > most_loss:
        lost = facts["sent"] - facts["received"]
        raise ProbeFailed("timeout", f"{lost} of {facts['sent']} pings to {pings.address} were not answered in time.")
    most_jitter, jitter = settings.get("max_jitter_ms"), facts["jitter_ms"]
    if most_jitter and jitter is not None and jitter > most_jitter:
        raise ProbeFailed("assertion", f"The jitter was {jitter} ms, more than {most_jitter} ms.")
