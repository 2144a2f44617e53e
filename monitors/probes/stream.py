"""A probe's TCP connection: plain or secured, every wait with the probe's deadline, everything bounded."""

import socket
import ssl
import time
from collections.abc import Generator
from typing import Any

from monitors.probes.arrival import ANCILLARY_BYTES, arrived_at, ask_for_arrivals
from monitors.probes.base import ProbeFailed, Result
from monitors.probes.certificates import read_der
from monitors.probes.dialling import connect, failed, label
from monitors.probes.handles import Handles
from monitors.probes.operations import READ, WRITE, Deadline, Operation, Wait

MOST_BYTES = 65_536  # what one probe reads of a connection unless it says otherwise
CHUNK_BYTES = 16_384


class Unverified(ProbeFailed):
    """A server's certificate was not trusted. `code` and `reason` are OpenSSL's."""

    def __init__(self, detail: str, code: int, reason: str) -> None:
        super().__init__("tls", detail)
        self.code = code
        self.reason = reason


class Stream:
    """One connection. `received` counts bytes; a limit reached is `too_large`, an early end `reset`."""

    def __init__(self, sock: socket.SocketType, server: str, result: Result, deadline: Deadline) -> None:
        self.sock = sock
        self.server = server
        self.buffer = b""
        self.received = 0
        self.limit = MOST_BYTES
        self.chunk = CHUNK_BYTES
        self._is_plain = True
        self._result = result
        self._deadline = deadline
        self._opened_at = time.monotonic()
        self._first_at: float | None = None
        self.last_at = 0.0  # time.monotonic() at which the latest bytes arrived
        self._tls_since_first = 0.0
        ask_for_arrivals(sock)

    def close(self) -> None:
        """Hang up."""
        self.sock.close()

    def note_phases(self) -> None:
        """Write `first_byte` (from when one could wait for it) and `transfer` (until the last) into the result."""
        if self._first_at is not None:
            phases = self._result.phases
            spent = (self.last_at - self._first_at) * 1000 - self._tls_since_first
            phases.first_byte = (self._first_at - self._opened_at) * 1000
            phases.transfer = max(spent, 0.0)

    def send(self, data: bytes) -> Generator[Operation, Any, None]:
        """Send all of `data`."""
        if self._first_at is None:
            self._opened_at = time.monotonic()
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self.sock.send(rest) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                yield from self._wait(WRITE)
            except ssl.SSLWantReadError:
                yield from self._wait(READ)
            except OSError as error:
                raise self._broken(error) from error

    def receive(self, *, wait_first: bool = False) -> Generator[Operation, Any, bytes]:
        """Return what comes next, b"" at the end. `wait_first`: nothing is there yet, so do not look in vain."""
        wanted = READ if wait_first else 0
        while True:
            if wanted and not (yield Wait(self.sock.fileno(), wanted, self._deadline.at, self._is_plain)):
                raise self._late()
            try:
                chunk = self._read()
                break
            except (BlockingIOError, ssl.SSLWantReadError):
                wanted = READ
            except ssl.SSLWantWriteError:
                wanted = WRITE
            except OSError as error:
                raise self._broken(error) from error
        self.received += len(chunk)
        if self.received > self.limit:
            raise ProbeFailed("too_large", f"{self.server} sent more than a check reads.")
        return chunk

    def pause(self) -> Generator[Operation, Any, None]:
        """Let others go first, when what has come takes long to read; returns when more can be read."""
        if not (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()):
            yield from self._wait(READ)

    def fill(self) -> Generator[Operation, Any, None]:
        """Append what comes next to the buffer. Raises ProbeFailed (`reset`) at the end."""
        chunk = yield from self.receive()
        if not chunk:
            raise ProbeFailed("reset", f"{self.server} closed the connection before its answer was complete.")
        self.buffer += chunk

    def take(self, size: int) -> Generator[Operation, Any, bytes]:
        """Return exactly `size` bytes."""
        if size > self.limit:
            raise ProbeFailed("too_large", f"{self.server} sent more than a check reads.")
        while len(self.buffer) < size:
            yield from self.fill()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def take_line(self, longest: int = 4_096) -> Generator[Operation, Any, bytes]:
        """Return the next line without its end (LF or CR LF)."""
        while (end := self.buffer.find(b"\n", 0, longest)) < 0:
            if len(self.buffer) >= longest:
                raise ProbeFailed("too_large", f"{self.server} sent a line longer than {longest} bytes.")
            yield from self.fill()
        line, self.buffer = self.buffer[:end], self.buffer[end + 1 :]
        return line.removesuffix(b"\r")

    def secure(self, handles: Handles, servername: str, *, verify: bool) -> Generator[Operation, Any, None]:
        """Begin TLS and note the certificate. Raises Unverified, or ProbeFailed (`tls`).

        The host's name is not looked at. What came before the handshake is dropped, so that nobody can slip a
        plain answer in.
        """
        started = time.monotonic()
        self.buffer = b""
        context = handles.context(verify=verify)
        try:
            self.sock.getpeername()  # of a connection that is gone `wrap_socket` would lose the socket
            plain = socket.socket(fileno=self.sock.detach())
            plain.setblocking(False)
            self.sock = plain
            self.sock = context.wrap_socket(plain, do_handshake_on_connect=False, server_hostname=servername)
        except ValueError as error:
            raise ProbeFailed("tls", f"{servername[:80]!r} cannot be named to a server.") from error
        except OSError as error:
            raise self._broken(error) from error
        self._is_plain = False
        yield from self._shake_hands(self.sock)
        der = self.sock.getpeercert(binary_form=True)
        if der:
            self._result.certificate = read_der(der)
        spent = (time.monotonic() - started) * 1000
        self._result.phases.tls = spent
        if self._first_at is None:
            self._opened_at = time.monotonic()
        else:
            self._tls_since_first += spent

    def _shake_hands(self, sock: ssl.SSLSocket) -> Generator[Operation, Any, None]:
        while True:
            try:
                sock.do_handshake()
                return
            except ssl.SSLWantReadError:
                yield from self._wait(READ)
            except ssl.SSLWantWriteError:
                yield from self._wait(WRITE)
            except ssl.SSLCertVerificationError as error:
                reason = error.verify_message.rstrip(".")
                detail = f"The certificate of {self.server} is not trusted: {reason}."
                raise Unverified(detail, error.verify_code, reason) from error
            except OSError as error:
                raise self._broken(error) from error

    def _read(self) -> bytes:
        if self._is_plain:
            chunk, ancillary, _, _ = self.sock.recvmsg(self.chunk, ANCILLARY_BYTES)
            arrival = arrived_at(ancillary, self._opened_at)
        else:
            chunk, arrival = self.sock.recv(self.chunk), time.monotonic()
        if chunk:
            self.last_at = arrival
            if self._first_at is None:
                self._first_at = arrival
        return chunk

    def _wait(self, mask: int) -> Generator[Operation, Any, None]:
        if not (yield Wait(self.sock.fileno(), mask, self._deadline.at, self._is_plain)):
            raise self._late()

    def _late(self) -> ProbeFailed:
        return ProbeFailed("timeout", f"{self.server} did not answer in time.")

    def _broken(self, error: OSError) -> ProbeFailed:
        if isinstance(error, ssl.SSLEOFError):
            return ProbeFailed("reset", f"{self.server} closed the connection during the handshake.")
        if isinstance(error, ssl.SSLError):
            reason = (error.reason or str(error)).lower().replace("_", " ")
            return ProbeFailed("tls", f"No secure connection to {self.server}: {reason}.")
        return failed(error, self.server)


def open_stream(
    host: str, port: int, result: Result, handles: Handles, deadline: Deadline
) -> Generator[Operation, Any, Stream]:
    """Resolve, judge and dial; the caller closes. Raises ProbeFailed."""
    sock = yield from connect(host, port, result, handles, deadline)
    return Stream(sock, label(host, result.address or host, port), result, deadline)
