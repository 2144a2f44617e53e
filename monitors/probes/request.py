"""The HTTP request a monitor's settings describe, and what a redirect makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from common.version import VERSION
from common.web_address import BadWebAddress, WebAddress, parse_web_address
from monitors.probes.base import ProbeFailed
from monitors.probes.secret_headers import is_secret

USER_AGENT = f"websignal-checker/{VERSION}"
DEFAULT_REDIRECTS = 3
MOST_REDIRECTS = 20
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
_DESCRIBING_BODY = frozenset({"content-type", "content-length", "content-encoding"})

HeaderItems = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials that libcurl itself turns into a header (`digest` needs the server's challenge first)."""

    kind: str  # basic | digest
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Identity:
    """A client certificate with its chain, and its key; both PEM."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy and the login that it alone gets."""

    host: str
    port: int
    username: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """All of a request but where it goes. Requests of one shape can share one handle as it is."""

    method: str = "GET"
    headers: HeaderItems = ()
    body: bytes | None = None
    login: Login | None = None
    verify_tls: bool = True
    http2: bool = False  # and nothing else; without TLS with prior knowledge (RFC 9113 section 3.3)
    http_version: str | None = None  # "1.1" or "2", negotiated; by default what the server likes best
    identity: Identity | None = None
    proxy: Proxy | None = None


class HttpRequest(NamedTuple):
    """One hop's request."""

    to: WebAddress
    shape: Shape
    ip_version: int | None
    redirects_left: int | None  # None: a redirect is an answer like any other
    block_http_downgrade: bool


_PLAIN = Shape()


def request_of(settings: Mapping[str, Any]) -> HttpRequest:
    """Read a monitor's settings. Raises ProbeFailed (`blocked`) when they describe nothing to send."""
    options: Mapping[str, Any] = settings.get("request") or {}
    try:
        to = parse_web_address(settings["url"])
    except BadWebAddress as error:
        raise ProbeFailed("blocked", str(error)) from error
    if not options and not to.credentials:
        return HttpRequest(to, _PLAIN, None, DEFAULT_REDIRECTS, True)
    follow = options.get("follow_redirects", True)
    redirects = min(int(options.get("max_redirects", DEFAULT_REDIRECTS)), MOST_REDIRECTS)
    return HttpRequest(
        to=to,
        shape=_shape(options, to),
        ip_version=options.get("ip_version"),
        redirects_left=redirects if follow else None,
        block_http_downgrade=bool(options.get("block_http_downgrade", True)),
    )


def _shape(options: Mapping[str, Any], to: WebAddress) -> Shape:
    headers = dict(options.get("headers") or {})
    auth = options.get("auth")
    login = Login("basic", *to.credentials) if to.credentials else None
    if auth and auth["type"] == "bearer":
        headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        headers["Authorization"] = f"Bearer {auth['token']}"
    elif auth:
        login = Login(auth["type"], auth["username"], auth.get("password") or "")
    body = options.get("body")
    return Shape(
        method=str(options.get("method") or "GET").upper(),
        headers=tuple((str(name), str(value)) for name, value in headers.items()),
        body=body.encode() if isinstance(body, str) else body,
        login=login,
        verify_tls=bool(options.get("verify_tls", True)),
        http_version=options.get("http_version"),
        identity=_identity(options),
        proxy=_proxy(options),
    )


def _identity(options: Mapping[str, Any]) -> Identity | None:
    certificate, key = options.get("client_certificate"), options.get("client_key")
    return Identity(certificate.encode(), key.encode()) if certificate and key else None


def _proxy(options: Mapping[str, Any]) -> Proxy | None:
    if not options.get("proxy"):
        return None
    try:
        to = parse_web_address(options["proxy"])
    except BadWebAddress as error:
        raise ProbeFailed("blocked", str(error)) from error
    return Proxy(to.host, to.port, options.get("proxy_username") or "", options.get("proxy_password") or "")


def redirected(request: HttpRequest, status_code: int, location: str) -> HttpRequest | None:
    """Return the request that follows `request` after this answer (RFC 9110 section 15.4), if any.

    301 and 302 turn POST into GET as browsers do, 303 turns all but HEAD into GET; 307 and 308 repeat the
    request. Secrets (login, client certificate, headers that hold one) and a Host header stay with their origin. Raises
    ProbeFailed when the redirect may not be followed.
    """
    if status_code not in _REDIRECTING or not location or request.redirects_left is None:
        return None
    if request.redirects_left == 0:
        raise ProbeFailed("http_status", f"Too many redirects: the last one leads to {location[:200]}.")
    try:
        to = request.to.joined(location)
    except (BadWebAddress, ValueError) as error:
        raise ProbeFailed("http_status", f"The redirect cannot be followed: {error}") from error
    if request.block_http_downgrade and request.to.scheme == "https" and to.scheme == "http":
        raise ProbeFailed("blocked", f"The redirect leads from https to http: {to.url[:200]}.")
    shape = _with_method(request.shape, status_code)
    if not request.to.shares_origin_with(to):
        shape = _without_secrets(shape)
    return request._replace(to=to, shape=shape, redirects_left=request.redirects_left - 1)


def _with_method(shape: Shape, status_code: int) -> Shape:
    becomes_get = (status_code in (301, 302) and shape.method == "POST") or (
        status_code == 303 and shape.method != "HEAD"
    )
    if not becomes_get or (shape.method == "GET" and shape.body is None):
        return shape
    kept = tuple(item for item in shape.headers if item[0].lower() not in _DESCRIBING_BODY)
    return replace(shape, method="GET", body=None, headers=kept)


def _without_secrets(shape: Shape) -> Shape:
    if shape is _PLAIN:
        return shape
    kept = tuple(
        (name, value) for name, value in shape.headers if name.lower() != "host" and not is_secret(name, value)
    )
    return replace(shape, headers=kept, login=None, identity=None)
