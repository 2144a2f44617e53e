"""`Idempotency-Key`: a POST that is sent twice happens once. Who keeps the answers is a higher app's business."""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from rest_framework.request import Request
from rest_framework.response import Response

from common.invalid import FieldError, Invalid
from common.registry import Registry

KEPT_FOR = timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class Keeper(Protocol):
    """Keeps answers by caller and key."""

    def once(
        self, request: Request, *, key: str, fingerprint: str, now: datetime, produce: Callable[[], Response]
    ) -> Response:
        """What `produce` answers, or what it answered to this key before. Raises Conflict for another fingerprint."""


keepers: Registry[Keeper] = Registry("Who keeps the answers to requests with an Idempotency-Key?")


def once(request: Request, *, now: datetime, produce: Callable[[], Response]) -> Response:
    """`produce()`; with an `Idempotency-Key` only the first time within 24 h. Raises Invalid for an unfit key."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return produce()
    if not _KEY.fullmatch(key):
        raise Invalid(
            [FieldError("", "idempotency_key", "Idempotency-Key must be 1 to 200 printable ASCII characters.")]
        )
    return keepers["accounts"].once(request, key=key, fingerprint=fingerprint_of(request), now=now, produce=produce)


def fingerprint_of(request: Request) -> str:
    """SHA-256 of what was asked: method, address and body."""
    asked = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(asked + request._request.body).hexdigest()
