"""What all libcurl transfers have in common: the address guard, limits, the names of failures."""

import errno
import socket
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any

import certifi
import pycurl

from common.addresses import AddressPolicy

MAX_HEADER_BYTES = 65_536
_SYSTEM_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")

Headers = tuple[tuple[str, str], ...]


class Guard:
    """Judges each address at the moment libcurl opens a socket to it, and remembers why it refused."""

    __slots__ = ("policy", "refused")

    def __init__(self, policy: AddressPolicy) -> None:
        self.policy = policy
        self.refused: str | None = None

    def open_socket(self, purpose: int, address: Any) -> int | None:
        reason = self.policy.refuse_reason(address.addr[0])
        if reason is not None:
            self.refused = reason
            return None
        # The plain type, detached: libcurl owns and closes a bare descriptor, a socket object it would duplicate.
        return socket.SocketType(address.family, address.socktype, address.protocol).detach()


class HeaderBlock:
    """Collects the last header block of an answer and stops one that has no end."""

    __slots__ = ("_bytes", "_lines", "overflowed")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._lines: list[bytes] = []
        self._bytes = 0
        self.overflowed = False

    def take(self, line: bytes) -> int | None:
        """libcurl's HEADERFUNCTION: a new status line (after 100 Continue, a redirect, a 401) starts anew."""
        self._bytes += len(line)
        if self._bytes > MAX_HEADER_BYTES:
            self.overflowed = True
            return -1
        if line.startswith(b"HTTP/"):
            self._lines = []
        elif line[:1] in b" \t" and self._lines and line.strip():
            self._lines[-1] = self._lines[-1].rstrip() + b" " + line.strip()
        else:
            self._lines.append(line)
        return None

    @property
    def has_begun(self) -> bool:
        """Whether the first line of an answer has come."""
        return self._bytes > 0

    def pairs(self) -> Headers:
        """Names and values in the order they came, decoded as ISO 8859-1 (RFC 9110 section 5.5)."""
        split = [line.decode("latin-1").partition(":") for line in self._lines]
        return tuple((name.strip(), value.strip()) for name, colon, value in split if colon)


def header_line(name: str, value: str) -> str:
    """One request header in libcurl's spelling. Raises ValueError when it would smuggle a second line."""
    line = f"{name}: {value}" if value else f"{name};"
    if not name or not line.isprintable() or set(name) & set(" :;"):
        raise ValueError(f"The request header {name[:80]!r} is not a valid one.")
    return line


def restrict(curl: pycurl.Curl, guard: Guard, verify_with: str) -> None:
    """Set what every transfer needs: the guard, no proxy, no netrc, http(s) only, a fresh connection."""
    curl.setopt(pycurl.OPENSOCKETFUNCTION, guard.open_socket)
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.NETRC, 0)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.FOLLOWLOCATION, 0)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.CAINFO, verify_with)
    curl.setopt(pycurl.FRESH_CONNECT, 1)
    curl.setopt(pycurl.FORBID_REUSE, 1)
    # A resumed session carries no certificate.
    curl.setopt(pycurl.SSL_SESSIONID_CACHE, 0)


@lru_cache(maxsize=1)
def ca_file() -> str:
    """The certificate authorities to trust: `SSL_CERT_FILE`, the system's bundle, or certifi's."""
    candidates = (ssl.get_default_verify_paths().cafile, *_SYSTEM_BUNDLES)
    return next((path for path in candidates if path and Path(path).is_file()), certifi.where())


_TLS_CODES = frozenset(
    {
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CERTPROBLEM,
        pycurl.E_SSL_CIPHER,
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_SSL_ENGINE_NOTFOUND,
        pycurl.E_SSL_ENGINE_SETFAILED,
        pycurl.E_SSL_ENGINE_INITFAILED,
        pycurl.E_SSL_SHUTDOWN_FAILED,
        pycurl.E_SSL_CRL_BADFILE,
        pycurl.E_SSL_ISSUER_ERROR,
        pycurl.E_SSL_PINNEDPUBKEYNOTMATCH,
        pycurl.E_SSL_INVALIDCERTSTATUS,
        pycurl.E_USE_SSL_FAILED,
    }
)
_ERRNO_CLASSES = {
    errno.ECONNREFUSED: "refused",
    errno.ETIMEDOUT: "timeout",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ECONNABORTED: "reset",
}
E_TOO_LARGE = 100  # CURLE_TOO_LARGE: libcurl's own limit on headers; pycurl does not name it


def failure_class(code: int, os_errno: int) -> str:
    """Name a failed transfer: dns refused timeout reset unreachable tls too_large.

    `reset` also stands for a peer that closed early or did not speak HTTP: no answer was whole.
    """
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return "timeout"
    if code == pycurl.E_COULDNT_RESOLVE_HOST:
        return "dns"
    if code == pycurl.E_COULDNT_CONNECT:
        return _ERRNO_CLASSES.get(os_errno, "unreachable")
    if code in _TLS_CODES:
        return "reset" if os_errno == errno.ECONNRESET else "tls"
    return "too_large" if code in (E_TOO_LARGE, pycurl.E_FILESIZE_EXCEEDED) else "reset"
