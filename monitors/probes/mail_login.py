"""Logging in to servers of mail, by SMTP and IMAP alike: a name and a password in one line (PLAIN, RFC 4616)."""

import base64
from collections.abc import Mapping
from typing import Any

from monitors.probes.schema import Field, Problem

LOGIN_FIELDS = (
    Field(
        name="username",
        kind="text",
        nullable=True,
        minimum=1,
        maximum=500,
        help="Log in with it (PLAIN), after TLS where there is any; by default no login.",
    ),
    Field(name="password", kind="text", nullable=True, maximum=500, secret=True, help="Sent only with a user name."),
)


def wrong_login(settings: Mapping[str, Any]) -> list[Problem]:
    """A password without the name that it belongs to."""
    if settings.get("password") and not settings.get("username"):
        return [("/username", "A password needs its user name.")]
    return []


def plain_login(settings: Mapping[str, Any]) -> str | None:
    """What AUTH PLAIN sends, base64; None when nobody is to log in."""
    if not settings.get("username"):
        return None
    message = f"\0{settings['username']}\0{settings.get('password') or ''}"
    return base64.b64encode(message.encode()).decode()
