"""Where an answer may be sent: rules for redirect addresses, and what the consent page's policy says of one."""

import re
from urllib.parse import urlsplit

from common.middleware import POLICY

MOST_CHARACTERS = 1000
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
_HOST = re.compile(r"[A-Za-z0-9.-]+")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def problem_of(uri: str) -> str | None:
    """Why `uri` cannot be a redirect address, or None (RFC 6749 section 3.1.2, RFC 8252 section 7, RFC 9700)."""
    if len(uri) > MOST_CHARACTERS or not _PRINTABLE.fullmatch(uri) or "\\" in uri or '"' in uri:
        return f"Must be an address of up to {MOST_CHARACTERS} printable characters without spaces."
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return "Must be an address such as https://app.example/callback."
    if "#" in uri or "@" in parts.netloc or "*" in parts.netloc:
        return "Must not have a fragment, a user name or a wildcard."
    if parts.scheme in ("https", "http"):
        return _web_problem(parts.scheme, parts.hostname, port)
    if _PRIVATE_SCHEME.fullmatch(parts.scheme) and not parts.netloc and parts.path.startswith("/"):
        return None
    return "Must begin with https://, with http://127.0.0.1, or with an app's own scheme such as com.example.app:/."


def _web_problem(scheme: str, host: str | None, port: int | None) -> str | None:
    if not host or port == 0 or not (_HOST.fullmatch(host) or host == "::1"):
        return "Must name a host."
    if scheme == "http" and host not in LOOPBACK:
        return "Must begin with https://; http is for 127.0.0.1, [::1] and localhost only."
    return None


def origins_of(uris: list[str]) -> list[str]:
    """The https origins among redirect addresses: from them a browser may call the token endpoint."""
    split = [urlsplit(uri) for uri in uris]
    return sorted({f"https://{one.netloc}" for one in split if one.scheme == "https"})


def consent_policy(redirect_uri: str) -> str:
    """The Content-Security-Policy of a page whose form ends at `redirect_uri`.

    Chromium holds `form-action` against the redirect that answers a form too (CSP Level 3 section 6.4.2).
    """
    return POLICY.replace("form-action 'self'", f"form-action 'self' {_source(redirect_uri)}")


def _source(uri: str) -> str:
    parts = urlsplit(uri)
    # A source cannot be an IPv6 literal, and an app's own scheme has no host: the scheme alone stands for both.
    if parts.scheme not in ("https", "http") or not _HOST.fullmatch(parts.hostname or ""):
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
