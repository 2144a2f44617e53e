"""TLS for the HTTP probe by rustls, over a stream whose bytes the kernel times.

What rustls refuses is no verdict yet: libcurl is asked then, whose OpenSSL speaks more and has words for what is wrong.
"""

import ssl
import time
from collections.abc import Generator
from typing import Any

import rtls

from monitors.probes.base import Phases, ProbeFailed
from monitors.probes.http_answer import BadAnswer
from monitors.probes.operations import Operation
from monitors.probes.stream import Stream

_CHUNK_BYTES = 65_536


class NoHandshake(BadAnswer):
    """rustls and the server did not agree, or not on HTTP/1."""


class SecuredStream:
    """Sends and receives through TLS 1.2 or 1.3 (RFC 5246, RFC 8446)."""

    def __init__(self, stream: Stream, context: rtls.SSLContext, host: str) -> None:
        self._stream = stream
        self._handshake_ms = 0.0
        self._sent_at = 0.0
        self._first_at: float | None = None
        self._last_at = 0.0
        self._incoming, self._outgoing = rtls.MemoryBIO(), rtls.MemoryBIO()
        try:
            self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        except (ssl.SSLError, ValueError) as error:
            raise NoHandshake(str(error)) from error

    @property
    def certificate(self) -> bytes | None:
        """The server's own certificate, as DER."""
        der: bytes | None = self._tls.getpeercert(binary_form=True)
        return der

    def shake_hands(self) -> Generator[Operation, Any, None]:
        """Agree on keys and judge the certificate: chain, dates, names. Raises NoHandshake, ProbeFailed when late.

        Our last message waits for the request and leaves with it.
        """
        has_agreed = False
        while not has_agreed:
            sent_at = time.monotonic()
            yield from self._flush()
            while not has_agreed and not self._outgoing.pending:
                yield from self._take_flight()
                has_agreed = self._has_agreed()
            self._handshake_ms += max(self._stream.last_at - sent_at, 0.0) * 1000
        if self._tls.selected_alpn_protocol() == "h2":
            raise NoHandshake("The server chose HTTP/2.")

    def send(self, data: bytes) -> Generator[Operation, Any, None]:
        """Send all of `data`."""
        self._sent_at = time.monotonic()
        rest = memoryview(data)
        while rest:
            rest = rest[self._tls.write(rest) :]  # as much as rustls buffers
            yield from self._flush()

    def receive(self) -> Generator[Operation, Any, bytes]:
        """Return what comes next, b"" at the end. Raises BadAnswer for what is not TLS."""
        while True:
            try:
                chunk: bytes = self._tls.read(_CHUNK_BYTES)
                break
            except ssl.SSLWantReadError:
                yield from self._flush()  # an answer to what was no data, such as a change of keys
                sealed = yield from self._stream.receive(wait_first=True)
                if not sealed:
                    return b""
                self._incoming.write(sealed)
            except ssl.SSLError as error:
                raise BadAnswer(str(error)) from error
        # Not the first bytes: session tickets come as soon as the handshake has ended.
        self._last_at = self._stream.last_at
        if self._first_at is None:
            self._first_at = self._last_at
        return chunk

    def note_phases(self, phases: Phases) -> None:
        """Write down `tls`, the time in which the handshake was the server's and the network's, and what followed."""
        phases.tls = self._handshake_ms
        if self._first_at is not None:
            phases.first_byte = max(self._first_at - self._sent_at, 0.0) * 1000
            phases.transfer = (self._last_at - self._first_at) * 1000

    def _flush(self) -> Generator[Operation, Any, None]:
        if self._outgoing.pending:
            yield from self._stream.send(self._outgoing.read())

    def _take_flight(self) -> Generator[Operation, Any, None]:
        try:
            sealed = yield from self._stream.receive(wait_first=True)
        except ProbeFailed as failure:
            if failure.failure_class == "timeout":
                raise
            raise NoHandshake(failure.detail) from failure
        if not sealed:
            raise NoHandshake("The server closed the connection.")
        self._incoming.write(sealed)

    def _has_agreed(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            raise NoHandshake(str(error)) from error
        return True
