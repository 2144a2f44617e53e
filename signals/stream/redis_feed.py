"""Live events between processes: a Redis stream that every web process reads, and a note of who listens."""

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

import redis
import redis.asyncio
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from signals.stream.bus import REPLAY_SECONDS, Bus, make_event, read_id

log = logging.getLogger(__name__)
STREAM, LISTENING = "websignal:live", "websignal:live:listening"
MOST_KEPT = 20_000
LISTENING_SECONDS = 15
_BLOCK_MS = 1_000
_REST_SECONDS = 1.0
_NOTE_SECONDS = 1.0


class Outlet:
    """Publishes from any thread of any process. A broken Redis costs the caller half a second, then nothing for one."""

    def __init__(self) -> None:
        self._client: redis.Redis | None = None
        self._resting_until = 0.0
        self._lock = threading.Lock()

    def publish(self, messages: Sequence[tuple[int, str | None, str]]) -> None:
        """Adds (workspace id, check token, JSON) messages; gives them up when Redis does not answer."""
        if time.monotonic() < self._resting_until:
            return
        try:
            pipeline = self._connected().pipeline(transaction=False)
            for workspace_id, check_token, data in messages:
                fields: dict[Any, Any] = {"workspace": workspace_id, "check": check_token or "", "data": data}
                pipeline.xadd(STREAM, fields, maxlen=MOST_KEPT, approximate=True)
            pipeline.execute()
        except (RedisError, OSError) as error:
            self._resting_until = time.monotonic() + _REST_SECONDS
            log.warning("live events were not published: %s", error)

    def _connected(self) -> redis.Redis:
        with self._lock:
            if self._client is None:
                self._client = redis.Redis.from_url(
                    settings.REDIS_URL,
                    socket_timeout=0.5,
                    socket_connect_timeout=0.5,
                    decode_responses=True,
                    retry=Retry(NoBackoff(), 0),
                )
            return self._client


class Feed:
    """Reads the stream into the bus of this process, for ever; connects again after Redis was away."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._last_id = ""
        self._note_at = 0.0
        self.listened_to: set[int] = set()
        self._task = asyncio.get_running_loop().create_task(self._forever(), name="live feed")

    async def stop(self) -> None:
        # The client may take a cancellation that comes together with its own time-out for that time-out.
        while not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=0.5)

    async def _forever(self) -> None:
        pause = 0.1
        while True:
            client = redis.asyncio.Redis.from_url(settings.REDIS_URL, decode_responses=True, socket_timeout=5)
            try:
                await self._catch_up(client)
                pause = 0.1
                while True:
                    await self._read(client)
                    if time.monotonic() >= self._note_at:
                        await self._note(client)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("the live feed lost Redis: %s", error)
            finally:
                await asyncio.shield(client.aclose())
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    async def _catch_up(self, client: Any) -> None:
        """What was said while nobody here read: the last ten minutes at the start."""
        if not self._last_id:
            seconds, micros = await client.time()
            now_ms = int(seconds) * 1000 + int(micros) // 1000
            self._bus.last_id = (now_ms - 1, 0)
            self._last_id = f"{now_ms - REPLAY_SECONDS * 1000}-0"
        self._deliver(await client.xrange(STREAM, min=f"({self._last_id}", max="+"))

    async def _read(self, client: Any) -> None:
        for _, entries in await client.xread({STREAM: self._last_id}, block=_BLOCK_MS, count=1000) or ():
            self._deliver(entries)

    def _deliver(self, entries: Sequence[tuple[str, dict[str, str]]]) -> None:
        for entry_id, fields in entries:
            self._last_id = entry_id
            event_id = read_id(entry_id)
            if event_id is not None and {"workspace", "check", "data"} <= fields.keys():
                check = fields["check"] or None
                self._bus.deliver(make_event(event_id, int(fields["workspace"]), check, fields["data"]))

    async def _note(self, client: Any) -> None:
        """Tells other processes which workspaces are listened to here, and learns the same of them."""
        now, self._note_at = time.time(), time.monotonic() + _NOTE_SECONDS
        pipeline = client.pipeline(transaction=False)
        if mine := self._bus.workspaces:
            pipeline.zadd(LISTENING, dict.fromkeys(map(str, mine), now + LISTENING_SECONDS))
        pipeline.zremrangebyscore(LISTENING, 0, now)
        pipeline.zrange(LISTENING, 0, -1)
        self.listened_to = {int(one) for one in (await pipeline.execute())[-1]}
