"""What the probes of a thread share: libcurl handles, TLS contexts, and which servers are libcurl's alone."""

import ssl
import time
from collections import deque
from collections.abc import Sequence

import pycurl
import rtls

from common.addresses import AddressPolicy
from common.curl import Guard, HeaderBlock, ca_file, header_line, restrict
from monitors.probes.base import EXCERPT_BYTES, ProbeFailed
from monitors.probes.request import USER_AGENT, HttpRequest, Login, Shape

MAX_BODY_BYTES = 1_048_576
_GROUPS = "X25519:P-256:P-384"
_MOST_LEFT, _LEFT_SECONDS = 100_000, 3600.0
_LOGINS = {"basic": pycurl.HTTPAUTH_BASIC, "digest": pycurl.HTTPAUTH_DIGEST}


class Handle:
    """One libcurl easy handle and what its transfer has received."""

    __slots__ = ("_keep", "_shape", "_verify_with", "body", "body_bytes", "curl", "guard", "headers")

    def __init__(self, policy: AddressPolicy, verify_with: str) -> None:
        self.curl = pycurl.Curl()
        self.guard = Guard(policy)
        self.headers = HeaderBlock()
        self.body: list[bytes] = []
        self.body_bytes = 0
        self._keep = EXCERPT_BYTES
        self._shape: Shape | None = None
        self._verify_with = verify_with

    def prepare(self, request: HttpRequest, address: str, timeout_seconds: float, keep_body: bool) -> None:
        """Aim at `request`, pinned to `address`. Raises ProbeFailed when its headers are not sendable."""
        if request.shape is not self._shape and request.shape != self._shape:
            self._set_up(request.shape)
        curl = self.curl
        curl.setopt(pycurl.URL, request.to.url)
        host = f"[{address}]" if ":" in address else address
        if (proxy := request.shape.proxy) is not None:
            curl.setopt(pycurl.PROXY, f"http://{host}:{proxy.port}")
        else:
            curl.setopt(pycurl.CONNECT_TO, [f"::{host}:"])
        curl.setopt(pycurl.TIMEOUT_MS, max(1, int(timeout_seconds * 1000)))
        self.guard.refused = None
        self.headers.clear()
        self.body = []
        self.body_bytes = 0
        self._keep = MAX_BODY_BYTES if keep_body else EXCERPT_BYTES

    @property
    def reusable(self) -> bool:
        """Whether another monitor's request may use this handle: none does that has carried a login or a proxy."""
        shape = self._shape
        return shape is not None and shape.login is None and shape.identity is None and shape.proxy is None

    @property
    def overflowed(self) -> bool:
        """Whether the answer's headers or body are larger than anybody reads."""
        return self.headers.overflowed or self.body_bytes > MAX_BODY_BYTES

    def _take_body(self, chunk: bytes) -> int | None:
        if self.body_bytes < self._keep:
            self.body.append(chunk)
        self.body_bytes += len(chunk)
        return None if self.body_bytes <= MAX_BODY_BYTES else -1

    def _set_up(self, shape: Shape) -> None:
        self._shape = None
        curl = self.curl
        curl.reset()
        restrict(curl, self.guard, self._verify_with)
        curl.setopt(pycurl.HEADERFUNCTION, self.headers.take)
        curl.setopt(pycurl.WRITEFUNCTION, self._take_body)
        curl.setopt(pycurl.OPT_CERTINFO, 1)
        curl.setopt(pycurl.SSL_EC_CURVES, _GROUPS)
        curl.setopt(pycurl.ACCEPT_ENCODING, "")
        curl.setopt(pycurl.USERAGENT, USER_AGENT)
        if not shape.verify_tls:
            curl.setopt(pycurl.SSL_VERIFYPEER, 0)
            curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        if shape.http2:
            curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE)
        elif shape.http_version == "1.1":
            curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        elif shape.http_version == "2":
            curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2_0)
        if shape.identity is not None:
            curl.setopt(pycurl.SSLCERT_BLOB, shape.identity.certificate)
            curl.setopt(pycurl.SSLKEY_BLOB, shape.identity.key)
        if shape.proxy is not None and shape.proxy.username:
            curl.setopt(pycurl.PROXYUSERNAME, shape.proxy.username.encode())
            curl.setopt(pycurl.PROXYPASSWORD, shape.proxy.password.encode())
        self._set_message(shape)
        self._shape = shape

    def _set_message(self, shape: Shape) -> None:
        curl = self.curl
        if shape.method == "HEAD":
            curl.setopt(pycurl.NOBODY, 1)
        elif shape.body is not None or shape.method in ("POST", "PUT", "PATCH"):
            curl.setopt(pycurl.POSTFIELDS, shape.body or b"")
        if shape.method != "GET" or shape.body is not None:
            curl.setopt(pycurl.CUSTOMREQUEST, _method(shape.method))
            curl.setopt(pycurl.HTTPHEADER, [*_quiet(shape), *_lines(shape)])
        elif shape.headers:
            curl.setopt(pycurl.HTTPHEADER, _lines(shape))
        if shape.login is not None:
            self._set_login(shape.login)

    def _set_login(self, login: Login) -> None:
        self.curl.setopt(pycurl.HTTPAUTH, _LOGINS[login.kind])
        self.curl.setopt(pycurl.USERNAME, login.username.encode())
        self.curl.setopt(pycurl.PASSWORD, login.password.encode())


def _method(name: str) -> str:
    if not (name.isascii() and name.isalpha()):
        raise ProbeFailed("blocked", f"{name[:20]!r} is not an HTTP method.")
    return name


def _quiet(shape: Shape) -> list[bytes]:
    """libcurl's own additions to a request with a body, unless the monitor asks for them."""
    named = {name.lower() for name, _ in shape.headers}
    return [line for line in (b"Content-Type:", b"Expect:") if line[:-1].decode().lower() not in named]


def _lines(shape: Shape) -> list[bytes]:
    try:
        return [header_line(name, value).encode() for name, value in shape.headers]
    except ValueError as error:
        raise ProbeFailed("blocked", str(error)) from error


def _context(verify_with: str, verify: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    if not verify:
        # To look at a certificate with a key that is too short, too.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    else:
        # As libcurl does: an intermediate that is trusted itself ends a chain.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(verify_with)
    return context


class LeftToLibcurl:
    """Servers with which rustls did not agree on TLS and HTTP/1: for an hour they are not asked again."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, int], float] = {}  # time.monotonic() by host and port

    def add(self, host: str, port: int) -> None:
        if len(self._until) >= _MOST_LEFT:
            self._until.clear()
        self._until[host, port] = time.monotonic() + _LEFT_SECONDS

    def __contains__(self, server: tuple[str, int]) -> bool:
        until = self._until.get(server)
        if until is None:
            return False
        if until > time.monotonic():
            return True
        del self._until[server]
        return False


class Handles:
    """What the probes of one thread share: the address guard, a pool of libcurl handles, contexts for TLS.

    A handle costs ten times as much to make as to aim anew. `nameservers` are those of the system unless given.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        verify_with: str | None = None,
        nameservers: Sequence[str] | None = None,
        keep: int = 1000,
    ) -> None:
        self.policy = policy
        self.nameservers = nameservers
        self._verify_with = verify_with or ca_file()
        self.left_to_libcurl = LeftToLibcurl()
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._http_contexts: dict[tuple[str, ...], rtls.SSLContext] = {}
        self._free: deque[Handle] = deque(maxlen=keep)

    def take(self) -> Handle:
        """Return a handle nobody uses."""
        return self._free.pop() if self._free else Handle(self.policy, self._verify_with)

    def give_back(self, handle: Handle) -> None:
        """Take back a handle whose transfer has ended."""
        handle.body = []
        if handle.reusable and len(self._free) < (self._free.maxlen or 0):
            self._free.append(handle)
        else:
            handle.curl.close()

    def context(self, *, verify: bool) -> ssl.SSLContext:
        """For TLS without libcurl: verifies the chain and the dates, or nothing; never the host's name."""
        if verify not in self._contexts:
            self._contexts[verify] = _context(self._verify_with, verify)
        return self._contexts[verify]

    def http_context(self, *protocols: str) -> rtls.SSLContext:
        """For HTTP without libcurl: offers `protocols` (ALPN, RFC 7301), verifies chain, dates and the host's name."""
        if protocols not in self._http_contexts:
            context = rtls.SSLContext(rtls.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(self._verify_with)
            context.set_alpn_protocols(list(protocols))
            self._http_contexts[protocols] = context
        return self._http_contexts[protocols]

    def close(self) -> None:
        """Free every handle in the pool."""
        while self._free:
            self._free.pop().curl.close()
