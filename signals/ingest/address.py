"""Reads the address of a ping: which heartbeat it means and what it says. Pure."""

import re
from typing import NamedTuple

LONG, SHORT = "/api/signals/ping/", "/ping/"
TOKEN = re.compile(r"[A-Za-z0-9_-]{22,64}")
SLUG = re.compile(r"[a-z0-9_-]{1,120}")
_VARIANTS = {"start": "START", "fail": "FAIL", "log": "LOG"}
_STATUSES = {str(number): number for number in range(256)}


class Address(NamedTuple):
    """What the path of a ping says. Either `token`, or the ping key of a workspace and a slug."""

    type: str
    exit_status: int | None
    is_short: bool
    token: str = ""
    ping_key: str = ""
    slug: str = ""


def is_ping_path(path: str) -> bool:
    """Whether a request with this path is for the ping path, well formed or not."""
    return path.startswith((LONG, SHORT))


def read_address(path: str) -> Address | None:
    """The address of a ping, or None when it is malformed: then no heartbeat can have it."""
    is_short = path.startswith(SHORT)
    parts = path[len(SHORT if is_short else LONG) :].removesuffix("/").split("/")
    if len(parts) > 3 or not TOKEN.fullmatch(parts[0]):
        return None
    if len(parts) == 1:
        return Address("SUCCESS", None, is_short, parts[0])
    variant = variant_of(parts[-1])
    if len(parts) == 2 and variant is not None:
        return Address(*variant, is_short, parts[0])
    if not SLUG.fullmatch(parts[1]) or (len(parts) == 3 and variant is None):
        return None
    said = variant if len(parts) == 3 and variant else ("SUCCESS", None)
    return Address(*said, is_short, ping_key=parts[0], slug=parts[1])


def variant_of(word: str) -> tuple[str, int | None] | None:
    """The type of signal and the exit status that the last word of an address means; None when it means nothing."""
    if word in _VARIANTS:
        return _VARIANTS[word], None
    number = _STATUSES.get(word)
    return None if number is None else ("FAIL" if number else "SUCCESS", number)
