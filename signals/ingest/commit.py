"""Group commit: pings collect while the commit before is in flight, and are answered when their own is done."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from signals.ingest.ping import Ping
from signals.ingest.store import Outcome, Store, StoreUnavailable, without_repeats

log = logging.getLogger(__name__)
BATCH = 512
CAPACITY = 20_000
GIVE_UP_AFTER_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 1.0

Stored = Callable[[Sequence[Ping], Sequence[Outcome | None]], None]


class Full(Exception):
    """More pings wait than may; the sender is asked to come again."""


class Unavailable(Exception):
    """The database could not be reached for too long, or refused this ping; nothing is promised."""


class GroupCommit:
    """One flusher of one event loop. No lingering: a ping that finds it idle leaves at once, alone."""

    def __init__(self, store: Store, stored: Stored, *, batch: int = BATCH, capacity: int = CAPACITY) -> None:
        self._store = store
        self._stored = stored
        self._batch = batch
        self._capacity = capacity
        self._waiting: deque[tuple[Ping, asyncio.Future[Outcome | None]]] = deque()
        self._wakeup = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._is_stopping = False
        self._flusher = self._loop.create_task(self._flush_forever(), name="ping flusher")

    def submit(self, ping: Ping) -> "asyncio.Future[Outcome | None]":
        """What becomes of `ping` once durable, None if its token is unknown. Fails with Unavailable; raises Full."""
        if self._is_stopping or len(self._waiting) >= self._capacity:
            raise Full
        future: asyncio.Future[Outcome | None] = self._loop.create_future()
        self._waiting.append((ping, future))
        self._wakeup.set()
        return future

    async def stop(self) -> None:
        """Stores and answers what waits, takes nothing new, gives the connection back."""
        self._is_stopping = True
        self._wakeup.set()
        await self._flusher
        await self._store.close()

    async def _flush_forever(self) -> None:
        while True:
            if not self._waiting:
                if self._is_stopping:
                    return
                self._wakeup.clear()
                await self._wakeup.wait()
                continue
            taken = [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]
            await self._flush(taken)

    async def _flush(self, taken: Sequence[tuple[Ping, "asyncio.Future[Outcome | None]"]]) -> None:
        pings, standing = without_repeats([ping for ping, _ in taken])
        answers = await self._write(pings)
        outcomes = [one for one in answers if not isinstance(one, Exception)]
        for (_, future), place in zip(taken, standing, strict=True):
            answer = answers[place]
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        if len(outcomes) == len(pings):
            self._tell(pings, outcomes)
        else:
            kept = [(ping, one) for ping, one in zip(pings, answers, strict=True) if not isinstance(one, Exception)]
            self._tell([ping for ping, _ in kept], [one for _, one in kept])

    def _tell(self, pings: Sequence[Ping], outcomes: Sequence[Outcome | None]) -> None:
        try:
            self._stored(pings, outcomes)
        except Exception:
            log.exception("what follows a stored batch failed; the sweep does it")

    async def _write(self, pings: Sequence[Ping]) -> list[Outcome | Unavailable | None]:
        """Outcomes of the batch; when the database takes it for an error, of each ping alone."""
        try:
            return list(await self._reach(pings))
        except Unavailable as error:
            return [error] * len(pings)
        except Exception as error:
            if len(pings) == 1:
                log.exception("a ping could not be stored")
                return [Unavailable(str(error))]
            log.warning("a batch of %d pings failed and is tried one by one: %r", len(pings), error)
        return [(await self._write([ping]))[0] for ping in pings]

    async def _reach(self, pings: Sequence[Ping]) -> list[Outcome | None]:
        """Writes, waiting longer each time while the database cannot be reached. Raises Unavailable in the end."""
        give_up_at, pause = self._loop.time() + GIVE_UP_AFTER_SECONDS, 0.05
        while True:
            try:
                return await self._store.write(pings)
            except StoreUnavailable as error:
                if self._loop.time() + pause > give_up_at:
                    raise Unavailable(str(error)) from error
                log.warning("pings wait for the database: %s", error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
