"""What follows a stored batch, beside the ping path: settling in a thread, and telling the live stream."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import close_old_connections, connections

from common import clock
from signals import services
from signals.settling import AT_ONCE

log = logging.getLogger(__name__)
BEAT_SECONDS = 2.0


class Aftermath:
    """One thread of ORM work behind one event loop. What it fails to do, the sweep does."""

    def __init__(self, *, beats: bool = True) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ping-settler")
        self._waiting: dict[int, None] = {}
        self._settler: asyncio.Task[None] | None = None
        self._beat = self._loop.create_task(self._beat_forever(), name="ping liveness") if beats else None

    def settle(self, heartbeat_ids: Sequence[int]) -> None:
        """Settles these heartbeats at once, after those that wait already."""
        self._waiting.update(dict.fromkeys(heartbeat_ids))
        if self._settler is None or self._settler.done():
            self._settler = self._loop.create_task(self._settle_all(), name="ping settler")

    async def run(self, work: Callable[[], Any]) -> Any:
        """Runs ORM work in the thread."""
        return await self._loop.run_in_executor(self._thread, _with_connection, work)

    async def stop(self) -> None:
        """Finishes what waits, then ends the thread."""
        if self._beat is not None:
            self._beat.cancel()
        if self._settler is not None:
            await self._settler
        await self._loop.run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown()

    async def _settle_all(self) -> None:
        while self._waiting:
            ids = list(self._waiting)[:AT_ONCE]
            for one in ids:
                del self._waiting[one]
            try:
                await self.run(lambda ids=ids: services.settle(ids, now=clock.now()))  # type: ignore[misc]
            except Exception:
                log.exception("%d heartbeats could not be settled at once; the sweep does it", len(ids))

    async def _beat_forever(self) -> None:
        while True:
            try:
                await self.run(lambda: services.note_alive(now=clock.now()))
            except Exception as error:
                log.warning("the ping path could not write that it is alive: %r", error)
            await asyncio.sleep(BEAT_SECONDS)


def _with_connection(work: Callable[[], Any]) -> Any:
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()
