"""How often one person may open a stream: 30 times in any 60 seconds, counted over all web processes."""

import time
import uuid
from collections import defaultdict, deque

import redis.asyncio
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

MOST, WITHIN_SECONDS = 30, 60.0
# One round trip, so that two processes cannot both take the last place.
_SCRIPT = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now - tonumber(ARGV[1]))
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return tostring(tonumber(first[2]) + tonumber(ARGV[1]) - now)
end
redis.call('ZADD', KEYS[1], now, ARGV[3])
redis.call('EXPIRE', KEYS[1], math.ceil(tonumber(ARGV[1])))
return '0'
"""


class Opens:
    """A sliding window for each person."""

    def __init__(self) -> None:
        self._opened: dict[int, deque[float]] = defaultdict(deque)
        self._client: redis.asyncio.Redis | None = None

    async def wait_for(self, user_id: int) -> float:
        """0 when this person may open one more stream now, which counts; else seconds until they may."""
        if settings.REDIS_URL:
            try:
                return await self._in_redis(user_id)
            except (RedisError, OSError):
                """Without Redis each process counts its own."""
        return self._here(user_id)

    async def close(self) -> None:
        """Gives its connections back."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _in_redis(self, user_id: int) -> float:
        key = f"websignal:live:opens:{user_id}"
        return float(await self._connected().eval(_SCRIPT, 1, key, str(WITHIN_SECONDS), str(MOST), uuid.uuid4().hex))

    def _connected(self) -> redis.asyncio.Redis:
        if self._client is None:
            # A kept connection may have died with the Redis before; the second try makes a new one.
            self._client = redis.asyncio.Redis.from_url(
                settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 1)
            )
        return self._client

    def _here(self, user_id: int) -> float:
        now = time.monotonic()
        opened = self._opened[user_id]
        while opened and opened[0] <= now - WITHIN_SECONDS:
            opened.popleft()
        if len(opened) >= MOST:
            return opened[0] + WITHIN_SECONDS - now
        opened.append(now)
        return 0.0
