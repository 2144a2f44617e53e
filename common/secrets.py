"""Secrets at rest: encrypted with a key derived from SECRET_KEY, never shown again."""

import base64
import json
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models


@cache
def _fernet(secret_key: str) -> Fernet:
    derived = HKDF(hashes.SHA256(), 32, None, b"websignal secrets at rest").derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def encrypt(text: str) -> str:
    """Fernet token (AES-128-CBC with HMAC-SHA256) of `text`."""
    return _fernet(settings.SECRET_KEY).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """The text of a token made by `encrypt` under SECRET_KEY or one of its fallbacks.

    Raises `cryptography.fernet.InvalidToken` under any other key.
    """
    if settings.SECRET_KEY_FALLBACKS and not is_current(token):
        return MultiFernet([_fernet(key) for key in settings.SECRET_KEY_FALLBACKS]).decrypt(token.encode()).decode()
    return _fernet(settings.SECRET_KEY).decrypt(token.encode()).decode()


def is_current(token: str) -> bool:
    """Whether SECRET_KEY itself reads it, and not one of its fallbacks."""
    try:
        _fernet(settings.SECRET_KEY).decrypt(token.encode())
    except InvalidToken:
        return False
    return True


class EncryptedJSONField(models.TextField[Any, Any]):
    """A JSON value that the database, a dump of it and a fixture only see encrypted."""

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        return None if value is None else json.loads(decrypt(value))

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else encrypt(json.dumps(value, separators=(",", ":")))

    def to_python(self, value: Any) -> Any:
        """A text is what `value_to_string` wrote, where it is one of ours."""
        if not isinstance(value, str):
            return value
        try:
            return json.loads(decrypt(value))
        except InvalidToken:
            return value

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)) or ""
