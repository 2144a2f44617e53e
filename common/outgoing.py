"""Sends one HTTP request outside (webhooks and the like) under the address guard and a hard time limit."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import pycurl

from common.addresses import AddressPolicy
from common.curl import Guard, HeaderBlock, Headers, ca_file, failure_class, header_line, restrict
from common.resolve import ResolveFailed, is_address, resolve
from common.version import VERSION
from common.web_address import BadWebAddress, WebAddress, parse_web_address

USER_AGENT = f"websignal/{VERSION}"


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
    deadline = time.monotonic() + timeout_seconds
    started = time.monotonic()
    address = _parsed(url)
    exchange = _Exchange(policy, max_response_bytes)
    try:
        exchange.describe(method, address, headers, body)
        exchange.pin(address, deadline)
        exchange.perform(deadline)
        return exchange.answer((time.monotonic() - started) * 1000)
    finally:
        exchange.curl.close()


def _parsed(url: str) -> WebAddress:
    try:
        return parse_web_address(url)
    except BadWebAddress as error:
        raise OutgoingRefused(str(error)) from error


class _Exchange:
    """One handle and what it has received so far."""

    def __init__(self, policy: AddressPolicy, max_response_bytes: int) -> None:
        self.guard = Guard(policy)
        self.curl = pycurl.Curl()
        self.headers = HeaderBlock()
        self.body = bytearray()
        self.limit = max_response_bytes
        restrict(self.curl, self.guard, ca_file())
        self.curl.setopt(pycurl.HEADERFUNCTION, self.headers.take)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._take)

    def _take(self, chunk: bytes) -> int | None:
        self.body += chunk[: self.limit - len(self.body)]
        return None if len(self.body) < self.limit else -1

    def describe(self, method: str, address: WebAddress, headers: Mapping[str, str], body: bytes) -> None:
        if not method.isascii() or not method.isalpha():
            raise OutgoingRefused(f"{method[:20]!r} is not an HTTP method.")
        named = {"User-Agent": USER_AGENT, **headers}
        try:
            lines = [header_line(name, value).encode() for name, value in named.items()]
        except ValueError as error:
            raise OutgoingRefused(str(error)) from error
        if not any(name.lower() == "content-type" for name in named):
            lines.append(b"Content-Type:")
        self.curl.setopt(pycurl.URL, address.url)
        self.curl.setopt(pycurl.HTTPHEADER, [*lines, b"Expect:"])
        if body or method.upper() in ("POST", "PUT", "PATCH"):
            self.curl.setopt(pycurl.POSTFIELDS, body)
        self.curl.setopt(pycurl.NOBODY, int(method.upper() == "HEAD"))
        self.curl.setopt(pycurl.CUSTOMREQUEST, method.upper())
        if address.credentials is not None:
            self.curl.setopt(pycurl.USERNAME, address.credentials[0])
            self.curl.setopt(pycurl.PASSWORD, address.credentials[1])

    def pin(self, address: WebAddress, deadline: float) -> None:
        """Look the name up ourselves: libcurl's own look-up may outlive its time limit."""
        if is_address(address.host):
            return
        try:
            found = resolve(address.host, timeout_seconds=deadline - time.monotonic())
        except ResolveFailed as error:
            raise OutgoingFailed("dns", str(error)) from error
        dialled = ",".join(f"[{one}]" if ":" in one else one for one in found)
        self.curl.setopt(pycurl.RESOLVE, [f"{address.host}:{address.port}:{dialled}"])

    def perform(self, deadline: float) -> None:
        self.curl.setopt(pycurl.TIMEOUT_MS, max(1, int((deadline - time.monotonic()) * 1000)))
        try:
            self.curl.perform()
        except pycurl.error as error:
            self._explain(*error.args)

    def _explain(self, code: int, message: str) -> None:
        if self.headers.overflowed:
            raise OutgoingFailed("too_large", "The answer's headers have no end.")
        if code == pycurl.E_WRITE_ERROR and len(self.body) >= self.limit:
            return
        name = failure_class(code, int(self.curl.getinfo(pycurl.OS_ERRNO)))
        if self.guard.refused is not None and name in ("unreachable", "refused"):
            raise OutgoingRefused(f"{self.guard.refused}.")
        raise OutgoingFailed(name, message)

    def answer(self, latency_ms: float) -> Answer:
        status = int(self.curl.getinfo(pycurl.RESPONSE_CODE))
        address = str(self.curl.getinfo(pycurl.PRIMARY_IP))
        return Answer(status, self.headers.pairs(), bytes(self.body), latency_ms, address)
