"""How many requests a second one caller may make, counted over all web processes (Redis) or in this one."""

import logging
import time
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Any

from django.conf import settings
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import NoScriptError, RedisError

log = logging.getLogger(__name__)
WINDOW_SECONDS = 1
PREFIX = "websignal:rate"
ASK_REDIS_AGAIN_SECONDS = 2.0
_MOST_CALLERS_HERE = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands after a request: `remaining` of `limit` now, all of them again in `reset_seconds`."""

    limit: int
    remaining: int
    reset_seconds: int
    is_over: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers has them (version 06)."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }


class _OneTripStorage(RedisStorage):
    """The library's storage, with its two scripts in one round trip: may this one pass, and what is left."""

    def take(self, key: str, limit: int) -> tuple[bool, float, int]:
        """Whether the request passes, when the window's oldest came, and how many are in it."""
        try:
            return self._both(key, limit)
        except NoScriptError:
            # Redis was restarted, or is new.
            for script in (self.lua_acquire_moving_window, self.lua_moving_window):
                self.storage.script_load(script.script)
            return self._both(key, limit)

    def _both(self, key: str, limit: int) -> tuple[bool, float, int]:
        name, now = self.prefixed_key(key), time.time()
        pipe: Any = self.storage.pipeline(transaction=False)
        pipe.evalsha(self.lua_acquire_moving_window.sha, 1, name, now, limit, WINDOW_SECONDS, 1)
        pipe.evalsha(self.lua_moving_window.sha, 1, name, now - WINDOW_SECONDS, limit)
        passes, window = pipe.execute()
        return bool(passes), float(window[0]) if window else now, int(window[1]) if window else 0


class _Pause:
    """While Redis is away nobody waits for it: it is asked again after a moment."""

    def __init__(self) -> None:
        self._until = 0.0

    def is_on(self) -> bool:
        return time.monotonic() < self._until

    def begin(self, error: Exception) -> None:
        self._until = time.monotonic() + ASK_REDIS_AGAIN_SECONDS
        log.warning("Requests are not counted while Redis does not answer: %s", error)


_pause = _Pause()


def take(caller: str) -> Standing:
    """Counts one request of `caller`. A moving window: in no second pass more than API_RATE_PER_SECOND.

    Without Redis where there should be one, every request passes.
    """
    limit = settings.API_RATE_PER_SECOND
    if settings.REDIS_URL:
        return _in_redis(settings.REDIS_URL, caller, limit)
    return _here(caller, limit)


def _in_redis(url: str, caller: str, limit: int) -> Standing:
    if not _pause.is_on():
        try:
            return _standing(limit, *_redis(url).take(caller, limit))
        except (RedisError, OSError) as error:
            _pause.begin(error)
    return Standing(limit, limit, 0)


def _here(caller: str, limit: int) -> Standing:
    storage, limiter = _memory()
    if len(storage.events) > _MOST_CALLERS_HERE:
        storage.reset()
    item = RateLimitItemPerSecond(limit, WINDOW_SECONDS)
    passes = limiter.hit(item, caller)
    oldest, used = storage.get_moving_window(item.key_for(caller), limit, WINDOW_SECONDS)
    return _standing(limit, passes, oldest, used)


def _standing(limit: int, passes: bool, oldest: float, used: int) -> Standing:
    left = max(0.0, oldest + WINDOW_SECONDS - time.time())
    return Standing(limit, max(0, limit - used), max(1, ceil(left)) if used else 0, is_over=not passes)


@cache
def _redis(url: str) -> _OneTripStorage:
    return _OneTripStorage(url, key_prefix=PREFIX, socket_timeout=0.5, socket_connect_timeout=0.5)


@cache
def _memory() -> tuple[MemoryStorage, MovingWindowRateLimiter]:
    storage = MemoryStorage()
    return storage, MovingWindowRateLimiter(storage)
