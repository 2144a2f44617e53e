"""Hides the secrets in a monitor's settings when it is shown, and finds them again when it is sent back. Pure."""

import re
from collections.abc import Mapping
from typing import Any

MASK = "********"
_SECRET_HEADER = re.compile(r"auth|cookie|token|secret|key|passw|credential|session|signature", re.IGNORECASE)
_SECRET_LOGIN = ("password", "token")


def masked(value: Any, name: str = "") -> Any:
    """`value` with every secret replaced by MASK: logins and the headers that carry keys."""
    if isinstance(value, Mapping):
        return {key: MASK if entry and _is_secret(key, name) else masked(entry, key) for key, entry in value.items()}
    return [masked(one) for one in value] if isinstance(value, list) else value


def unmasked(value: Any, stored: Any, name: str = "") -> Any:
    """`value` with the MASK of each secret replaced by what is stored at the same place; without that it stays."""
    if not isinstance(value, Mapping):
        return value
    before = stored if isinstance(stored, Mapping) else {}
    return {
        key: before.get(key) or MASK
        if entry == MASK and _is_secret(key, name)
        else unmasked(entry, before.get(key), str(key))
        for key, entry in value.items()
    }


def _is_secret(key: object, parent: str) -> bool:
    if parent == "auth":
        return key in _SECRET_LOGIN
    return parent == "headers" and bool(_SECRET_HEADER.search(str(key)))
