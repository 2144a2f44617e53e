"""Long polls of the change feed: an empty page is held back until something happens, without a thread or a connection.

A raw ASGI application before Django, which answers every question itself: who may, what is wrong, what there is. Only
the wait between two questions is here, one coroutine for each reader. One look at the database for all of them, twice
a second, finds out whom to ask for again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db import Error, connections

from accounts import feed

log = logging.getLogger(__name__)
Scope = dict[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

PATH = "/api/events"
LOOK_SECONDS = 0.5
MOST_WAITING, MOST_OF_A_WORKSPACE = 1_000, 20
# Where in the ASGI scope the endpoint finds the `EmptyPage` that it fills in.
KEY = "websignal.empty_page"


@dataclass(slots=True)
class EmptyPage:
    """What the endpoint says of a page without events: whose it is, where it ended, how long its reader waits."""

    workspace_id: int | None = None
    cursor: int = 0
    seconds: int = 0


@dataclass(slots=True, eq=False)
class _Waiter:
    """One reader that waits; `news` becomes whether there are any after `cursor`."""

    cursor: int
    news: "asyncio.Future[bool]"

    def end(self, has_news: bool) -> None:
        if not self.news.done():
            self.news.set_result(has_news)


class EventsApp:
    """Answers `GET /api/events?wait=`; `on_wait` is called whenever a reader begins to wait."""

    def __init__(
        self, django: App, *, on_wait: Callable[[], None] = lambda: None, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._django = django
        self._on_wait = on_wait
        self._look_seconds = look_seconds
        self._waiting: dict[int, set[_Waiter]] = {}
        self._looker: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="events-look")
        self._is_stopping = False

    @staticmethod
    def takes(scope: Scope) -> bool:
        """Whether this request is one for here."""
        is_get = scope["type"] == "http" and scope["method"] == "GET"
        return is_get and scope["path"] == PATH and b"wait=" in scope["query_string"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_until_gone(receive))
        try:
            for part in await self._answer(scope, gone):
                await send(part)
        finally:
            gone.cancel()

    def start(self) -> None:
        """Readers may wait from now on."""
        self._is_stopping = False

    def stop(self) -> None:
        """Everybody who waits gets the empty page at once; safe in a signal handler and from any thread."""
        self._is_stopping = True
        looker = self._looker
        if looker is not None and not looker.done():
            looker.get_loop().call_soon_threadsafe(self._end_all)

    def close(self) -> None:
        """Ends its thread; the application can be used no more."""
        self._thread.shutdown()

    async def _answer(self, scope: Scope, gone: "asyncio.Task[None]") -> list[Message]:
        """The first answer that is not an empty page, or the last one when the time is over."""
        ends_at = None
        while True:
            page = EmptyPage()
            answer = await self._ask({**scope, KEY: page}, gone)
            if page.workspace_id is None:
                return answer
            ends_at = ends_at or asyncio.get_running_loop().time() + page.seconds
            if not await self._wait(page.workspace_id, page.cursor, ends_at, gone):
                return answer
            scope = _from(scope, page.cursor)

    async def _ask(self, scope: Scope, gone: "asyncio.Task[None]") -> list[Message]:
        parts: list[Message] = []
        bodies = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> Message:
            if (body := next(bodies, None)) is not None:
                return body
            await asyncio.shield(gone)
            return {"type": "http.disconnect"}

        async def send(part: Message) -> None:
            parts.append(part)

        await self._django(scope, receive, send)
        return parts

    async def _wait(self, workspace_id: int, cursor: int, ends_at: float, gone: "asyncio.Task[None]") -> bool:
        """Whether there is something new; not when the time is over, the reader gone, or too many wait already."""
        same = self._waiting.get(workspace_id, set())
        is_full = len(same) >= MOST_OF_A_WORKSPACE or sum(map(len, self._waiting.values())) >= MOST_WAITING
        if self._is_stopping or is_full:
            return False
        loop = asyncio.get_running_loop()
        waiter = _Waiter(cursor, loop.create_future())
        self._waiting.setdefault(workspace_id, set()).add(waiter)
        self._on_wait()
        if self._looker is None or self._looker.done():
            self._looker = loop.create_task(self._look())
        try:
            left = max(0.0, ends_at - loop.time())
            both: list[asyncio.Future[Any]] = [waiter.news, gone]
            await asyncio.wait(both, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            return waiter.news.done() and waiter.news.result()
        finally:
            self._leave(workspace_id, waiter)

    def _leave(self, workspace_id: int, waiter: _Waiter) -> None:
        same = self._waiting[workspace_id]
        same.discard(waiter)
        if not same:
            del self._waiting[workspace_id]

    async def _look(self) -> None:
        """For as long as anybody waits: wakes those for whom something happened."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(self._look_seconds)
            try:
                places = await loop.run_in_executor(self._thread, _last_places, list(self._waiting))
            except Error as error:
                log.warning("Nobody is told of events while the database does not answer: %s", error)
                continue
            for workspace_id, waiters in self._waiting.items():
                for one in waiters:
                    if places.get(workspace_id, 0) > one.cursor:
                        one.end(True)

    def _end_all(self) -> None:
        for waiters in self._waiting.values():
            for one in waiters:
                one.end(False)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        """A GET has no body that says anything."""


def _from(scope: Scope, cursor: int) -> Scope:
    """The same question from another place on."""
    asked = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return {**scope, "query_string": urlencode(asked | {"cursor": cursor}).encode()}


def _last_places(workspace_ids: Collection[int]) -> dict[int, float]:
    """In a thread; gives its connection back at once."""
    try:
        return feed.last_places(workspace_ids)
    finally:
        connections.close_all()
