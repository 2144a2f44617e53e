"""One HTTP request outside (webhooks and the like) under the address guard and a hard time limit."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pycurl

from common.addresses import AddressPolicy
from common.curl import Guard, HeaderBlock, Headers, ca_file, failure_class, header_line, restrict
from common.resolve import ResolveFailed, is_address, resolve
from common.version import VERSION
from common.web_address import BadWebAddress, WebAddress, parse_web_address

USER_AGENT = f"websignal/{VERSION}"


class Request(NamedTuple):
    """What is sent, and what it may cost: `timeout_seconds` of wall time, the look-up of the name included."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    timeout_seconds: float
    policy: AddressPolicy
    max_response_bytes: int = 4096


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said. `excerpt` is the body's beginning; `latency_ms` includes the look-up."""

    status_code: int
    headers: Headers
    excerpt: bytes
    latency_ms: float
    address: str


class OutgoingRefused(Exception):
    """The guard or the URL's own form forbids the request (class `blocked`); nothing was sent."""

    failure_class = "blocked"


class OutgoingFailed(Exception):
    """No answer came: `failure_class` as in check results (dns, refused, …), `detail` for a person."""

    def __init__(self, failure_class: str, detail: str) -> None:
        super().__init__(detail)
        self.failure_class = failure_class
        self.detail = detail


def send(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    timeout_seconds: float,
    policy: AddressPolicy,
    max_response_bytes: int = 4096,
) -> Answer:
    """Send one request and return the answer, whatever its status; redirects are returned, not followed.

    Ends within `timeout_seconds` of wall time (name look-up included, however slowly the receiver drips) and
    reads at most `max_response_bytes` of its body. Raises OutgoingRefused or OutgoingFailed. Safe to call
    from many threads.
    """
    return carry_out(Request(method, url, headers, body, timeout_seconds, policy, max_response_bytes))


def carry_out(request: Request) -> Answer:
    """As `send`."""
    exchange = Exchange(request)
    try:
        exchange.pin(_resolved(exchange))
        try:
            exchange.curl.perform()
        except pycurl.error as error:
            return exchange.answer(*error.args)
        return exchange.answer()
    finally:
        exchange.close()


def _resolved(exchange: "Exchange") -> tuple[str, ...]:
    """Look the name up ourselves: libcurl's own look-up may outlive its time limit."""
    if exchange.host is None:
        return ()
    try:
        return resolve(exchange.host, timeout_seconds=exchange.deadline - time.monotonic())
    except ResolveFailed as error:
        raise OutgoingFailed("dns", str(error)) from error


def _parsed(url: str) -> WebAddress:
    try:
        return parse_web_address(url)
    except BadWebAddress as error:
        raise OutgoingRefused(str(error)) from error


class Exchange:
    """A request on its libcurl handle, and what has come of it so far.

    Made, pinned, performed by whoever has it (alone, or with others on a multi handle), asked for its answer, closed.
    Its time begins when it is made. Raises OutgoingRefused for what must not be sent.
    """

    __slots__ = ("_body", "_guard", "_headers", "_limit", "_port", "_started", "curl", "deadline", "host")

    def __init__(self, request: Request) -> None:
        address = _parsed(request.url)
        self._started = time.monotonic()
        self.deadline = self._started + request.timeout_seconds
        self.host = None if is_address(address.host) else address.host
        self._port = address.port
        self._guard = Guard(request.policy)
        self._headers = HeaderBlock()
        self._body = bytearray()
        self._limit = request.max_response_bytes
        lines = _header_lines(request)
        self.curl = pycurl.Curl()
        restrict(self.curl, self._guard, ca_file())
        self.curl.setopt(pycurl.HEADERFUNCTION, self._headers.take)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._take)
        self._describe(request, address, lines)

    def _take(self, chunk: bytes) -> int | None:
        self._body += chunk[: self._limit - len(self._body)]
        return None if len(self._body) < self._limit else -1

    def _describe(self, request: Request, address: WebAddress, lines: list[bytes]) -> None:
        method = request.method.upper()
        self.curl.setopt(pycurl.URL, address.url)
        self.curl.setopt(pycurl.HTTPHEADER, lines)
        if request.body or method in ("POST", "PUT", "PATCH"):
            self.curl.setopt(pycurl.POSTFIELDS, request.body)
        self.curl.setopt(pycurl.NOBODY, int(method == "HEAD"))
        self.curl.setopt(pycurl.CUSTOMREQUEST, method)
        if address.credentials is not None:
            self.curl.setopt(pycurl.USERNAME, address.credentials[0])
            self.curl.setopt(pycurl.PASSWORD, address.credentials[1])

    def pin(self, addresses: Sequence[str]) -> None:
        """Dial only these for the name (none where the URL has an address), for what is left of the time."""
        if self.host is not None:
            dialled = ",".join(f"[{one}]" if ":" in one else one for one in addresses)
            # The plus lets it time out: a multi handle would keep it for ever.
            self.curl.setopt(pycurl.RESOLVE, [f"+{self.host}:{self._port}:{dialled}"])
        self.curl.setopt(pycurl.TIMEOUT_MS, max(1, int((self.deadline - time.monotonic()) * 1000)))

    def answer(self, code: int = 0, message: str = "") -> Answer:
        """What came, when libcurl has ended with `code`. Raises OutgoingRefused or OutgoingFailed."""
        if code:
            self._explain(code, message)
        status = int(self.curl.getinfo(pycurl.RESPONSE_CODE))
        address = str(self.curl.getinfo(pycurl.PRIMARY_IP))
        latency_ms = (time.monotonic() - self._started) * 1000
        return Answer(status, self._headers.pairs(), bytes(self._body), latency_ms, address)

    def _explain(self, code: int, message: str) -> None:
        if self._headers.overflowed:
            raise OutgoingFailed("too_large", "The answer's headers have no end.")
        if code == pycurl.E_WRITE_ERROR and len(self._body) >= self._limit:
            return
        name = failure_class(code, int(self.curl.getinfo(pycurl.OS_ERRNO)))
        if self._guard.refused is not None and name in ("unreachable", "refused"):
            raise OutgoingRefused(f"{self._guard.refused}.")
        raise OutgoingFailed(name, message)

    def close(self) -> None:
        """Give the handle back."""
        self.curl.close()


def _header_lines(request: Request) -> list[bytes]:
    if not request.method.isascii() or not request.method.isalpha():
        raise OutgoingRefused(f"{request.method[:20]!r} is not an HTTP method.")
    named = {"User-Agent": USER_AGENT, **request.headers}
    try:
        lines = [header_line(name, value).encode() for name, value in named.items()]
    except ValueError as error:
        raise OutgoingRefused(str(error)) from error
    if not any(name.lower() == "content-type" for name in named):
        lines.append(b"Content-Type:")
    return [*lines, b"Expect:"]
