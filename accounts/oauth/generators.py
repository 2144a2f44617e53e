"""Tokens and codes, random and easy to tell apart: for people who read them out, and for scanners of leaked secrets."""

import secrets
import string
from typing import Any

_BASE62 = string.ascii_letters + string.digits
# No vowels and nothing that looks like something else (RFC 8628 section 6.1).
_READABLE = "BCDFGHJKLMNPQRSTVWXZ"


def access_token(request: Any, refresh_token: bool = False) -> str:
    """`wso_` and 40 base62 characters, 238 bits."""
    return "wso_" + _random()


def refresh_token(request: Any, refresh_token: bool = False) -> str:
    """`wsr_` and 40 base62 characters, 238 bits."""
    return "wsr_" + _random()


def user_code() -> str:
    """Eight letters with a hyphen in the middle, 34 bits: typed within minutes, and tries are counted."""
    letters = "".join(secrets.choice(_READABLE) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def as_user_code(typed: str) -> str:
    """What somebody typed as a user code: any case, with or without the hyphen."""
    letters = "".join(letter for letter in typed.upper() if letter.isascii() and letter.isalpha())[:8]
    return f"{letters[:4]}-{letters[4:]}"


def _random() -> str:
    return "".join(secrets.choice(_BASE62) for _ in range(40))
