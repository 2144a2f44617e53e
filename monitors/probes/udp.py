"""The UDP probe: send a datagram and look at what comes back."""

import errno
import socket
import time
from collections.abc import Generator
from typing import Any

from monitors.probes.arrival import ANCILLARY_BYTES, arrived_at, ask_for_arrivals
from monitors.probes.base import ProbeFailed, Result
from monitors.probes.dialling import failed, find_addresses, label, open_socket
from monitors.probes.escapes import unescape
from monitors.probes.fields import HOST, IP_VERSION, LATENCY_THRESHOLD, assertions, port
from monitors.probes.handles import Handles
from monitors.probes.judging import conclude
from monitors.probes.operations import READ, Deadline, Operation, Steps, Wait
from monitors.probes.schema import Field
from monitors.probes.tcp import SEND

MOST_BYTES = 65_535
SILENCE_SECONDS = 1.0  # so long may a port that need not answer say that it is closed
REPEAT_SECONDS = 1.0
MOST_SENT = 3
MOST_RECEIVED = 50  # of one look; who sends more is not asked any further

EXPECT = Field(
    name="expect",
    kind="text",
    nullable=True,
    minimum=1,
    maximum=1_024,
    help="What the answer must hold, such as pong. Without it silence is fine and only a port said to be closed fails.",
)
UDP_FIELDS = (HOST, port(), SEND, EXPECT, IP_VERSION, assertions("body", "latency"), LATENCY_THRESHOLD)


class Datagrams:
    """A connected UDP socket: it hears only the server it asks, and that server's refusals."""

    def __init__(self, host: str, address: str, port: int) -> None:
        self.server = label(host, address, port)
        self.sock = open_socket(address, socket.SOCK_DGRAM)
        self.asked_at = 0.0  # of the first datagram, time.monotonic()
        self._received = 0
        try:
            ask_for_arrivals(self.sock)
            self.sock.connect((address, port))
        except OSError as error:
            self.sock.close()
            raise failed(error, self.server) from error

    def send(self, data: bytes) -> None:
        """Send one datagram; a refusal of an earlier one raises ProbeFailed."""
        self.asked_at = self.asked_at or time.monotonic()
        try:
            self.sock.send(data)
        except BlockingIOError:
            pass  # the network card is behind; the repetition makes up for it
        except OSError as error:
            raise self._broken(error) from error

    def receive(self, until: float) -> Generator[Operation, Any, tuple[bytes, float] | None]:
        """The next datagram and its arrival (time.monotonic()), or None when there is none by then."""
        while True:
            try:
                data, ancillary, *_ = self.sock.recvmsg(MOST_BYTES, ANCILLARY_BYTES)
                self._received += 1
                if self._received > MOST_RECEIVED:
                    raise ProbeFailed("too_large", f"{self.server} sent more than a check reads.")
                return data, arrived_at(ancillary, self.asked_at)
            except BlockingIOError:
                if not (yield Wait(self.sock.fileno(), READ, until, True)):
                    return None
            except OSError as error:
                raise self._broken(error) from error

    def _broken(self, error: OSError) -> ProbeFailed:
        if error.errno == errno.EMSGSIZE:
            return ProbeFailed("blocked", "What is sent does not fit into one datagram.")
        return failed(error, self.server)


def probe_udp(result: Result, handles: Handles, deadline: Deadline) -> Steps:
    """Send a datagram, again each second up to three times, until it is answered. Raises ProbeFailed."""
    settings = result.check.settings
    addresses = yield from find_addresses(settings["host"], result, handles, deadline)
    result.address = addresses[0]
    datagrams = Datagrams(settings["host"], addresses[0], settings["port"])
    try:
        answer = yield from _ask(datagrams, result, deadline)
    finally:
        datagrams.sock.close()
    result.facts["answered"] = answer is not None
    yield from conclude(result, answer or b"")


def _ask(datagrams: Datagrams, result: Result, deadline: Deadline) -> Generator[Operation, Any, bytes | None]:
    settings = result.check.settings
    expected = unescape(settings.get("expect") or "")
    needs_answer = bool(expected) or any(one["source"] == "body" for one in settings.get("assertions") or ())
    ends = deadline.at if needs_answer else min(deadline.at, time.monotonic() + SILENCE_SECONDS)
    other = None
    for sent in range(1, MOST_SENT + 1):
        datagrams.send(unescape(settings.get("send") or ""))
        until = ends if sent == MOST_SENT else min(ends, time.monotonic() + REPEAT_SECONDS)
        while (found := (yield from datagrams.receive(until))) is not None:
            other, arrival = found
            result.phases.first_byte = (arrival - datagrams.asked_at) * 1000
            if expected in other:
                return other
        if until >= ends:
            break
    if other is not None:
        result.body_excerpt = other[:4_096]
        raise ProbeFailed("assertion", f"{datagrams.server} answered, but not with what is expected.")
    if needs_answer:
        raise ProbeFailed("timeout", f"{datagrams.server} did not answer in time.")
    return None
