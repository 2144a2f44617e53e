"""Signs webhook bodies: gochron's own header and Standard Webhooks 1.0. Pure."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
MIN_KEY_BYTES, MAX_KEY_BYTES = 24, 64
# The same as a pattern: base64 goes by four letters, of which the last may be padded.
_FOUR, _THREE, _TWO = "[A-Za-z0-9+/]{4}", "[A-Za-z0-9+/]{3}=", "[A-Za-z0-9+/]{2}=="
SECRET_PATTERN = f"^{PREFIX}(({_FOUR}){{8,20}}({_FOUR}|{_THREE}|{_TWO})?|({_FOUR}){{21}}{_TWO})$"


def new_secret() -> str:
    """A random secret of 256 bits as Standard Webhooks writes it: `whsec_` and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The key bytes of a secret. Raises ValueError when it is not `whsec_` and base64 of 24 to 64 bytes."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"A secret starts with {PREFIX}.")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"After {PREFIX} a secret is base64.") from error
    if not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise ValueError(f"A secret holds {MIN_KEY_BYTES} to {MAX_KEY_BYTES} bytes.")
    return key


def gochron_signature(secret: str, body: bytes) -> str:
    """`sha256=` and the hex HMAC-SHA256 of the raw body; the key is the secret's text as it was shown."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def standard_signature(secrets_: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header: one `v1,<base64>` for each secret, apart by a space."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    marks = (hmac.new(key_of(secret), signed, hashlib.sha256).digest() for secret in secrets_)
    return " ".join(f"v1,{base64.b64encode(mark).decode()}" for mark in marks)
