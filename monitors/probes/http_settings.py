"""The settings of an HTTP monitor."""

from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from common.names import camel
from common.web_address import MAX_URL_LENGTH
from monitors.probes.comparisons import COMPARISONS
from monitors.probes.request import DEFAULT_REDIRECTS, MOST_REDIRECTS
from monitors.probes.schema import Field, Problem

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SOURCES = ("status_code", "header", "body", "json", "latency", "certificate")

_AUTH = (
    Field(
        name="type",
        kind="choice",
        choices=("basic", "digest", "bearer"),
        required=True,
        help="How to log in.",
    ),
    Field(name="username", kind="text", maximum=500, help="For basic and digest."),
    Field(name="password", kind="text", maximum=500, secret=True, help="For basic and digest."),
    Field(name="token", kind="text", maximum=5_000, secret=True, help="For bearer."),
)

REQUEST = (
    Field(name="method", kind="choice", choices=METHODS, default="GET", help="The request method."),
    Field(
        name="headers",
        kind="headers",
        default={},
        maximum=50,
        help="Sent with each request; Host, and those that hold keys or tokens, stay with the URL's own origin.",
    ),
    Field(name="body", kind="text", nullable=True, maximum=65_536, help="Sent as it is, in UTF-8."),
    Field(
        name="auth",
        kind="object",
        nullable=True,
        fields=_AUTH,
        help="Log in to the URL's own origin; a redirect elsewhere carries no credentials.",
    ),
    Field(
        name="follow_redirects",
        kind="boolean",
        default=True,
        help="Off: a redirect is judged like any other answer.",
    ),
    Field(
        name="max_redirects",
        kind="integer",
        default=DEFAULT_REDIRECTS,
        minimum=0,
        maximum=MOST_REDIRECTS,
        help="One redirect more is a failure.",
    ),
    Field(
        name="block_http_downgrade",
        kind="boolean",
        default=True,
        help="A redirect from https to http is a failure.",
    ),
    Field(
        name="verify_tls",
        kind="boolean",
        default=True,
        help="Off: any certificate will do; it is still recorded.",
    ),
    Field(
        name="ip_version",
        kind="choice",
        choices=(None, 4, 6),
        nullable=True,
        help="Dial only IPv4 or only IPv6; by default IPv4 first, then IPv6.",
    ),
    Field(
        name="http_version",
        kind="choice",
        choices=(None, "1.1", "2"),
        nullable=True,
        help="By default HTTP/2 where a secure server offers it; 2: anything else is a failure.",
    ),
    Field(
        name="client_certificate",
        kind="text",
        nullable=True,
        maximum=20_000,
        help="In PEM, with its chain: shown to the URL's own origin when it asks for one (mutual TLS).",
    ),
    Field(name="client_key", kind="text", nullable=True, maximum=20_000, secret=True, help="Its private key, in PEM."),
    Field(
        name="proxy",
        kind="url",
        nullable=True,
        maximum=MAX_URL_LENGTH,
        help="An HTTP proxy, such as http://proxy.example:3128; it looks the URL's name up.",
    ),
    Field(name="proxy_username", kind="text", nullable=True, maximum=500, help="For a proxy that asks for a login."),
    Field(name="proxy_password", kind="text", nullable=True, maximum=500, secret=True, help="Sent to the proxy only."),
)

ASSERTION = (
    Field(name="source", kind="choice", choices=SOURCES, required=True, help="What to look at."),
    Field(
        name="property",
        kind="text",
        nullable=True,
        maximum=500,
        help="A header's name, a JSONPath without filters, a certificate's property (default: days_left).",
    ),
    Field(name="comparison", kind="choice", choices=COMPARISONS, required=True, help="How to compare it."),
    Field(
        name="target",
        kind="any",
        nullable=True,
        help="What to compare it with; a pair for between, a list for in.",
    ),
)

HTTP_FIELDS = (
    Field(name="url", kind="url", required=True, maximum=MAX_URL_LENGTH, help="An http or https address."),
    Field(name="request", kind="object", default={}, fields=REQUEST, help="How to ask."),
    Field(
        name="assertions",
        kind="list",
        default=[],
        maximum=20,
        fields=ASSERTION,
        help="What the answer must be; without one about the status code, 200 to 399.",
    ),
    Field(
        name="latency_threshold_ms",
        kind="integer",
        nullable=True,
        minimum=1,
        maximum=60_000,
        help="Slower answers make the monitor DEGRADED; they fail no check.",
    ),
)


def wrong_http(settings: Mapping[str, Any]) -> list[Problem]:
    """A login, a proxy or a client certificate without what it needs."""
    request = settings.get("request") or {}
    return _wrong_login(request.get("auth") or {}) + _wrong_proxy(request) + _wrong_certificate(request)


def _wrong_login(auth: Mapping[str, Any]) -> list[Problem]:
    if auth.get("type") in ("basic", "digest") and not auth.get("username"):
        return [("/request/auth/username", "A basic or digest login needs a user name.")]
    if auth.get("type") == "bearer" and not auth.get("token"):
        return [("/request/auth/token", "A bearer login needs a token.")]
    return []


def _wrong_proxy(request: Mapping[str, Any]) -> list[Problem]:
    proxy = request.get("proxy")
    if not proxy:
        needs = request.get("proxy_username") or request.get("proxy_password")
        return [("/request/proxy", "A login for a proxy needs the proxy.")] if needs else []
    if not proxy.startswith("http://") or "@" in proxy:
        return [("/request/proxy", "Give http://host:port; a login has fields of its own.")]
    return []


def _wrong_certificate(request: Mapping[str, Any]) -> list[Problem]:
    certificate, key = request.get("client_certificate"), request.get("client_key")
    if not certificate and not key:
        return []
    if not certificate or not key:
        missing = "client_certificate" if key else "client_key"
        return [(f"/request/{camel(missing)}", "A certificate and its key belong together.")]
    try:
        leaf = load_pem_x509_certificate(certificate.encode())
    except ValueError:
        return [("/request/clientCertificate", "This is no certificate in PEM.")]
    try:
        owner = load_pem_private_key(key.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return [("/request/clientKey", "This is no private key in PEM, or it needs a password.")]
    is_pair = owner.public_key() == leaf.public_key()
    return [] if is_pair else [("/request/clientKey", "This is not the key of the certificate.")]
