"""What a webhook channel stores: address, headers, secret, and for a day the secret before it."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from alerts.signatures import key_of, new_secret
from common.curl import header_line
from common.invalid import FieldError, Invalid
from common.policy import outgoing_policy
from common.web_address import BadWebAddress, WebAddress, parse_web_address

MASK = "********"
OVERLAP = timedelta(hours=24)
MAX_URL, MAX_HEADERS, MAX_HEADER_VALUE = 2048, 20, 2000
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
# What the connection itself, or our signature, depends on.
RESERVED = frozenset(
    [
        "content-type",
        "user-agent",
        "x-gochron-signature",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "proxy-authorization",
        "proxy-connection",
    ]
)


def clean_config(raw: Mapping[str, Any], stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """The config to store; what `raw` leaves out stays, or is the default. Raises Invalid naming every wrong field."""
    before = stored or {}
    url, headers = raw.get("url", before.get("url")), raw.get("headers", before.get("headers", {}))
    secret = raw.get("secret")
    errors = _wrong_url(url) + _wrong_headers(headers, before.get("headers", {})) + _wrong_secret(secret)
    if errors:
        raise Invalid(errors)
    return {
        **before,
        "url": url,
        "headers": _unmasked(headers, before.get("headers", {})),
        "secret": secret or before.get("secret") or new_secret(),
    }


def rolled(config: Mapping[str, Any], *, secret: str, now: datetime) -> dict[str, Any]:
    """The config with a new secret; the old one signs along for 24 hours."""
    until = (now + OVERLAP).isoformat()
    return {**config, "secret": secret, "previous_secret": config["secret"], "previous_secret_until": until}


def live_secrets(config: Mapping[str, Any], *, now: datetime) -> list[str]:
    """The secrets that sign at `now`, the present one first."""
    secrets = [str(config["secret"])]
    until = config.get("previous_secret_until")
    if until and now < datetime.fromisoformat(until):
        secrets.append(str(config["previous_secret"]))
    return secrets


def described_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Their names; the values may be keys to somebody's system. The mask, sent back, keeps the value."""
    return dict.fromkeys(headers, MASK)


def _unmasked(headers: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    return {name: before[name] if value == MASK else value for name, value in headers.items()}


def _wrong_url(url: Any) -> list[FieldError]:
    if not isinstance(url, str) or not url.strip():
        return [FieldError("/url", "required", "Write the address that takes the POST.")]
    if len(url) > MAX_URL:
        return [FieldError("/url", "length", f"Write at most {MAX_URL} characters.")]
    try:
        address = parse_web_address(url)
    except BadWebAddress as error:
        return [FieldError("/url", "url", str(error))]
    return _refused_host(address)


def _refused_host(address: WebAddress) -> list[FieldError]:
    """A name is judged when it is dialled; an address can be judged now."""
    try:
        host = str(ip_address(address.host))
    except ValueError:
        return []
    reason = outgoing_policy().refuse_reason(host)
    return [FieldError("/url", "blocked", f"Webhooks may not go there: {reason}.")] if reason else []


def _wrong_headers(headers: Any, before: Mapping[str, str]) -> list[FieldError]:
    if not isinstance(headers, Mapping):
        return [FieldError("/headers", "type", "Write an object of names and values.")]
    if len(headers) > MAX_HEADERS:
        return [FieldError("/headers", "length", f"Write at most {MAX_HEADERS} headers.")]
    return [error for name, value in headers.items() for error in _wrong_header(name, value, before)]


def _wrong_header(name: Any, value: Any, before: Mapping[str, str]) -> list[FieldError]:
    pointer = f"/headers/{str(name).replace('~', '~0').replace('/', '~1')[:100]}"
    if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
        return [FieldError(pointer, "name", "This is no name of a header (RFC 9110 section 5.1).")]
    if name.lower() in RESERVED:
        return [FieldError(pointer, "reserved", "This header is set by the sender itself.")]
    if not isinstance(value, str) or len(value) > MAX_HEADER_VALUE or not value.isascii():
        return [FieldError(pointer, "value", f"Write at most {MAX_HEADER_VALUE} ASCII characters.")]
    if value == MASK and name not in before:
        return [FieldError(pointer, "masked", "Write the value itself; the mask keeps a value that is stored.")]
    return _wrong_line(name, value, pointer)


def _wrong_line(name: str, value: str, pointer: str) -> list[FieldError]:
    try:
        header_line(name, value)
    except ValueError as error:
        return [FieldError(pointer, "value", str(error))]
    return []


def _wrong_secret(secret: Any) -> list[FieldError]:
    if secret is None:
        return []
    try:
        key_of(secret if isinstance(secret, str) else "")
    except ValueError as error:
        return [FieldError("/secret", "secret", str(error))]
    return []
