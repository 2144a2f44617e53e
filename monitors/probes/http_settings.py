"""The settings of an HTTP monitor."""

from collections.abc import Mapping
from typing import Any

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
        help="Sent with each request; Authorization, Cookie and Host stay with the URL's own origin.",
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
    """A login without what its type needs."""
    auth = (settings.get("request") or {}).get("auth") or {}
    if auth.get("type") in ("basic", "digest") and not auth.get("username"):
        return [("/request/auth/username", "A basic or digest login needs a user name.")]
    if auth.get("type") == "bearer" and not auth.get("token"):
        return [("/request/auth/token", "A bearer login needs a token.")]
    return []
