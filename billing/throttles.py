"""Holds the writes of a workspace to what its plan allows a minute, for each kind of object."""

import time
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from billing.limits import limits_of

SECONDS = 60


class WriteCap(BaseThrottle):
    """429 with `Retry-After` once a minute's writes of one kind of object are used up.

    Without its cache it lets pass.
    """

    def __init__(self) -> None:
        self._wait: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        workspace = vars(request._request).get("workspace")
        if request.method in SAFE_METHODS or workspace is None:
            return True
        most = limits_of(workspace).api_writes_per_minute
        if most is None:
            return True
        window, past = divmod(int(time.time()), SECONDS)
        self._wait = SECONDS - past
        return _count(f"writes:{workspace.pk}:{type(view).__name__}:{window}") <= most

    def wait(self) -> float | None:
        return self._wait


def _count(key: str) -> int:
    try:
        cache.add(key, 0, timeout=SECONDS + 5)
        return int(cache.incr(key))
    except (RedisError, ValueError):
        return 0
