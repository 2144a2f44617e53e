"""Which request headers hold a secret: by their name, or because they say so; pure."""

import re

_NAME = re.compile(r"auth|cookie|token|secret|key|pass|pwd|credential|session|sign|bearer|jwt|hmac", re.IGNORECASE)
_VALUE = re.compile(r"(basic|bearer|digest|token|apikey)\s+\S", re.IGNORECASE)


def is_secret(name: str, value: str) -> bool:
    """Whether a header is shown to nobody, and sent to no other origin than the one it was given for."""
    return bool(_NAME.search(name) or _VALUE.match(value))
