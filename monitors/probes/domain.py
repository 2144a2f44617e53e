"""The domain probe: when a domain's registration ends, who keeps it, and its name servers, over RDAP (RFC 9083)."""

from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from common.resolve import is_address
from common.times import spoken
from common.web_address import MAX_URL_LENGTH, BadWebAddress, parse_web_address
from monitors.probes.base import ProbeFailed, Result
from monitors.probes.dialling import plain_host
from monitors.probes.fields import LATENCY_THRESHOLD, assertions
from monitors.probes.handles import Handles
from monitors.probes.http import hop
from monitors.probes.judging import conclude
from monitors.probes.operations import Aside, Deadline, Operation, Steps
from monitors.probes.request import HttpRequest, Shape, redirected
from monitors.probes.schema import Field, Problem

# Sends each question on to the registry that IANA's list names (RFC 9224).
DEFAULT_SERVER = "https://rdap.org/"
MOST_REDIRECTS = 5
_SHAPE = Shape(headers=(("Accept", "application/rdap+json"),))
_MOST_ENTITIES, _MOST_SERVERS = 50, 20

DOMAIN_FIELDS = (
    Field(
        name="hostname",
        kind="host",
        required=True,
        minimum=3,
        maximum=253,
        help="The registered domain, such as example.org.",
    ),
    Field(
        name="server",
        kind="url",
        nullable=True,
        maximum=MAX_URL_LENGTH,
        help=f"The base address of the registry's RDAP server; by default {DEFAULT_SERVER}, which knows them all.",
    ),
    Field(
        name="days_left",
        kind="integer",
        default=0,
        minimum=0,
        maximum=365,
        help="Days, such as 7: fewer until the registration ends are a failure. By default 0, when it has ended; "
        "the days to warn on come before.",
    ),
    assertions("json", "latency"),
    LATENCY_THRESHOLD,
)


def wrong_domain(settings: Mapping[str, Any]) -> list[Problem]:
    """What no registry keeps."""
    name = settings.get("hostname")
    is_one = not name or ("." in name.strip(".") and not is_address(name))
    return [] if is_one else [("/hostname", "Give a registered domain, such as example.org.")]


def probe_domain(result: Result, handles: Handles, deadline: Deadline) -> Steps:
    """Ask the registry; `facts` get expires_at, days_left, registrar, name_servers, status and dnssec.

    Raises ProbeFailed: `http_status` when the registry knows no such domain, `assertion` when it ends soon.
    """
    settings = result.check.settings
    domain = plain_host(settings["hostname"])
    body: bytes = yield from _fetch(result, handles, deadline, domain)
    if result.status_code != 200:
        unknown = result.status_code == 404
        said = f"does not know {domain}" if unknown else f"answered with status {result.status_code}"
        raise ProbeFailed("http_status", f"The registry {said}.")
    now = datetime.fromtimestamp(result.started_at, UTC)
    facts = yield Aside(lambda: _read(body, now))
    result.facts |= facts
    yield from conclude(result, body)
    if facts["days_left"] is None:
        raise ProbeFailed("assertion", f"The registry does not say when {domain} expires.")
    if facts["days_left"] < settings.get("days_left", 0):
        ends_at = datetime.fromisoformat(facts["expires_at"])
        raise ProbeFailed("assertion", f"The registration of {domain} ends on {spoken(ends_at)}.")


def _fetch(result: Result, handles: Handles, deadline: Deadline, domain: str) -> Generator[Operation, Any, bytes]:
    base = result.check.settings.get("server") or DEFAULT_SERVER
    try:
        to = parse_web_address(f"{base.rstrip('/')}/domain/{domain}")
    except BadWebAddress as error:
        raise ProbeFailed("blocked", str(error)) from error
    request: HttpRequest | None = HttpRequest(
        to=to, shape=_SHAPE, ip_version=None, redirects_left=MOST_REDIRECTS, block_http_downgrade=True
    )
    body = b""
    while request is not None:
        _, body = yield from hop(request, result, handles, deadline, True)
        location = next((value for name, value in result.headers if name.lower() == "location"), "")
        request = redirected(request, result.status_code or 0, location)
        if request is not None:
            result.redirects += (request.to.url,)
    return body


def _read(body: bytes, now: datetime) -> dict[str, Any]:
    try:
        return facts_of(orjson.loads(body), now)
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise ProbeFailed("assertion", "The registry's answer is not RDAP.") from error


def facts_of(document: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What an RDAP domain object says. Raises ValueError, TypeError, AttributeError or LookupError when it is none."""
    if document.get("objectClassName") != "domain":
        raise ValueError("not a domain object")
    expires_at = _expiry(document)
    servers = [str(server.get("ldhName", "")).lower() for server in (document.get("nameservers") or [])[:_MOST_SERVERS]]
    return {
        "expires_at": expires_at.isoformat() if expires_at else None,
        "days_left": (expires_at - now).days if expires_at else None,
        "registrar": _registrar(document),
        "name_servers": sorted(server.removesuffix(".") for server in servers if server),
        "status": [str(status)[:100] for status in (document.get("status") or [])[:_MOST_SERVERS]],
        "dnssec": bool((document.get("secureDNS") or {}).get("delegationSigned")),
    }


def _expiry(document: Mapping[str, Any]) -> datetime | None:
    for event in document.get("events") or []:
        if event.get("eventAction") == "expiration":
            moment = datetime.fromisoformat(event["eventDate"])
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _registrar(document: Mapping[str, Any]) -> str | None:
    """The full name in the registrar's jCard (RFC 7095)."""
    for entity in (document.get("entities") or [])[:_MOST_ENTITIES]:
        if "registrar" not in (entity.get("roles") or []):
            continue
        for item in (entity.get("vcardArray") or [None, []])[1]:
            if item[0] == "fn":
                return str(item[3])[:200]
    return None
