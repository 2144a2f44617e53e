"""Reads one HTTP/1 answer (RFC 9112) as it comes: head, body, and no more of either than a check keeps."""

import zlib

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from common.curl import MAX_HEADER_BYTES, Headers
from monitors.probes.handles import MAX_BODY_BYTES

# What can be read in plain Python; the request asks for nothing else.
ACCEPT_ENCODING = "gzip, deflate"
_GZIP, _ZLIB, _RAW_DEFLATE = 31, 15, -15  # zlib's wbits
_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})
_MOST_CODINGS = 5
_NO_CODING = frozenset({"", "identity"})


class BadAnswer(Exception):
    """What a server sent cannot be read here: no HTTP/1, broken, or in an encoding that nobody asked for."""


class HttpAnswer:
    """The answer to one request. Feed it until `is_complete`; `overflowed` says what grew too large.

    Interim answers (1xx) are read over, and so is what follows the end. `keep` bytes of the decoded body are
    kept, all are counted.
    """

    def __init__(self, *, keep: int, is_head: bool) -> None:
        self.status_code: int | None = None
        self.is_complete = False
        self.overflowed: str | None = None  # "headers" or "body"
        self.body: list[bytes] = []
        self._keep, self._is_head = keep, is_head
        self._lines: list[tuple[bytes, bytes]] = []
        self._head_bytes = self._body_bytes = 0
        self._decoders: list[_Decoder] = []
        self._ends_with_connection = True
        self._parser = HttpResponseParser(self)
        # They are dangerous to who passes a message on; a client reads one answer on a connection and closes it.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_chunked_length=True,
            lenient_keep_alive=True,
            lenient_data_after_close=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )

    def feed(self, data: bytes) -> None:
        """Read what has come. Raises BadAnswer."""
        if self.status_code is None:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserUpgrade, HttpParserError) as error:
            if not self.is_complete:
                raise BadAnswer(str(error)) from error
        if self.status_code is None and self._head_bytes > MAX_HEADER_BYTES:
            self.overflowed = "headers"

    def end(self) -> bool:
        """The connection has ended: whether the answer is whole."""
        self.is_complete = self.is_complete or (self.status_code is not None and self._ends_with_connection)
        return self.is_complete

    def close(self) -> None:
        """Let go of the parser, which refers back: many such circles keep the garbage collector busy."""
        del self._parser

    @property
    def headers(self) -> Headers:
        """Names and values in the order they came, decoded as ISO 8859-1 (RFC 9110 section 5.5)."""
        return tuple([(name.decode("latin-1"), value.decode("latin-1").strip()) for name, value in self._lines])

    def on_message_begin(self) -> None:
        """Forget the headers of an interim answer."""
        if self.status_code is None:
            self._lines.clear()

    def on_header(self, name: bytes, value: bytes | None) -> None:
        """Keep a line of the head; trailers have no end that is known, and nobody asks for them."""
        if self.status_code is None:
            self._lines.append((name, value or b""))

    def on_headers_complete(self) -> None:
        """Learn how the body comes."""
        status_code = self._parser.get_status_code()
        if self.status_code is not None or status_code < 200:
            return
        self.status_code = status_code
        codings: list[str] = []
        for name, value in self._lines:
            lowered = name.lower()
            if lowered == b"content-length" or (lowered == b"transfer-encoding" and b"chunked" in value.lower()):
                self._ends_with_connection = False
            elif lowered == b"content-encoding":
                codings += value.decode("latin-1").lower().split(",")
        if self._is_head:
            self.is_complete = True
        elif codings:
            self._decoders = _decoders(codings)

    def on_body(self, chunk: bytes) -> None:
        """Decode, count and keep."""
        if self.overflowed or self.is_complete:
            return
        for decoder in self._decoders:
            chunk = decoder.decode(chunk)
        if self._body_bytes < self._keep:
            self.body.append(chunk)
        self._body_bytes += len(chunk)
        if self._body_bytes > MAX_BODY_BYTES:
            self.overflowed = "body"

    def on_message_complete(self) -> None:
        """Note the end, unless it was an interim answer's."""
        self.is_complete = self.status_code is not None


class _Decoder:
    """One content coding (RFC 9110 section 8.4.1); gives at most a byte more than a check reads."""

    def __init__(self, coding: str) -> None:
        self._zlib = None if coding == "deflate" else zlib.decompressobj(_GZIP)
        self._first = b""

    def decode(self, chunk: bytes) -> bytes:
        if self._zlib is None:
            chunk = self._first = self._first + chunk
            if len(chunk) < 2:
                return b""
            # Some servers send "deflate" without zlib's wrapping (RFC 1950 section 2.2).
            is_wrapped = chunk[0] & 15 == 8 and int.from_bytes(chunk[:2]) % 31 == 0
            self._zlib = zlib.decompressobj(_ZLIB if is_wrapped else _RAW_DEFLATE)
        try:
            return self._zlib.decompress(chunk, MAX_BODY_BYTES + 1)
        except zlib.error as error:
            raise BadAnswer(f"Its body cannot be decompressed: {error}.") from error


def _decoders(codings: list[str]) -> list[_Decoder]:
    named = [coding.strip() for coding in reversed(codings)]
    wanted = [coding for coding in named if coding not in _NO_CODING]
    if len(wanted) > _MOST_CODINGS or not _CODINGS.issuperset(wanted):
        raise BadAnswer(f"Its body is encoded as {', '.join(wanted)[:80]}.")
    return [_Decoder(coding) for coding in wanted]
