"""Who listens in this process, and what was said in the last ten minutes. Safe to publish to from any thread."""

import asyncio
import re
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from django_eventstream.utils import sse_encode_event

REPLAY_SECONDS = 600
MOST_KEPT = 10_000
MOST_PENDING = 1_000
_ID = re.compile(r"(\d{1,15})-(\d{1,9})", re.ASCII)
EventId = tuple[int, int]


class Event(NamedTuple):
    """One message of a workspace, perhaps of one check; `frame` is how it goes over the wire."""

    id: EventId
    workspace_id: int
    check_token: str | None
    frame: bytes


def make_event(id: EventId, workspace_id: int, check_token: str | None, data: str) -> Event:
    """A default `message` event (HTML standard, server-sent events)."""
    frame: str = sse_encode_event("message", data, event_id=id_text(id))
    return Event(id, workspace_id, check_token, frame.encode())


def id_text(id: EventId) -> str:
    return f"{id[0]}-{id[1]}"


def read_id(text: str) -> EventId | None:
    """The id of an event, or None for anything that is none of ours."""
    found = _ID.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


class Subscription:
    """One client. `None` among its events ends it: the server stops, or it reads too slowly and shall replay."""

    def __init__(self, workspace_id: int, check_token: str | None) -> None:
        self.workspace_id = workspace_id
        self.check_token = check_token
        self.loop = asyncio.get_running_loop()
        self._pending: list[Event | None] = []
        self._waiter: asyncio.Future[None] | None = None

    def wants(self, event: Event) -> bool:
        is_mine = event.workspace_id == self.workspace_id
        return is_mine and self.check_token in (None, event.check_token)

    def put(self, event: Event | None) -> None:
        """In its event loop."""
        if len(self._pending) < MOST_PENDING:
            self._pending.append(event)
        elif self._pending[-1] is not None:
            self._pending.append(None)
        self.wake()

    def wake(self) -> None:
        """Ends the wait of `take`, whether anything came or not."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def take(self) -> list[Event | None]:
        """All that came since the last time, as one: a busy stream costs a turn for many events, not for each."""
        if not self._pending:
            self._waiter = self.loop.create_future()
            await self._waiter
        return self.taken()

    def taken(self) -> list[Event | None]:
        """The same without waiting."""
        pending, self._pending = self._pending, []
        return pending

    def end(self) -> None:
        """Ends it from any thread."""
        _hand([self], None)


class Bus:
    """Hands events to the subscriptions of this process and keeps them for replay."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._kept: deque[Event] = deque(maxlen=MOST_KEPT)
        self._listening: dict[int, set[Subscription]] = {}
        self.last_id: EventId = (int(time.time() * 1000), 0)
        self.is_stopping = False

    @property
    def workspaces(self) -> set[int]:
        """Those that somebody here listens to."""
        return set(self._listening)

    def next_id(self) -> EventId:
        """An id after every earlier one, made of the time as Redis makes its own."""
        with self._lock:
            now_ms = int(time.time() * 1000)
            self.last_id = (now_ms, 0) if now_ms > self.last_id[0] else (self.last_id[0], self.last_id[1] + 1)
            return self.last_id

    def deliver(self, event: Event) -> None:
        """Keeps `event` and hands it to those who listen."""
        with self._lock:
            self.last_id = max(self.last_id, event.id)
            self._kept.append(event)
            oldest = (int(time.time()) - REPLAY_SECONDS) * 1000
            while self._kept and self._kept[0].id[0] < oldest:
                self._kept.popleft()
            _hand([one for one in self._listening.get(event.workspace_id, ()) if one.wants(event)], event)

    def subscribe(self, subscription: Subscription, after: EventId | None) -> list[Event]:
        """From now on it gets what it wants; returns what it missed since `after`."""
        with self._lock:
            self._listening.setdefault(subscription.workspace_id, set()).add(subscription)
            if self.is_stopping:
                subscription.put(None)
            if after is None:
                return []
            return [event for event in self._kept if event.id > after and subscription.wants(event)]

    def unsubscribe(self, subscription: Subscription) -> None:
        with self._lock:
            same = self._listening.get(subscription.workspace_id, set())
            same.discard(subscription)
            if not same:
                self._listening.pop(subscription.workspace_id, None)

    def stop(self) -> None:
        """Ends every stream at once, also those that begin after this."""
        with self._lock:
            self.is_stopping = True
            for same in self._listening.values():
                for one in same:
                    one.end()


def _hand(subscriptions: Sequence[Subscription], event: Event | None) -> None:
    """From any thread. A loop is woken once for all its clients: each wake is a write to a descriptor."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Subscription]] = {}
    for one in subscriptions:
        by_loop.setdefault(one.loop, []).append(one)
    for loop, same in by_loop.items():
        # A closed event loop's streams are over and unsubscribe no more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_put, same, event)


def _put(subscriptions: Sequence[Subscription], event: Event | None) -> None:
    for one in subscriptions:
        one.put(event)


bus = Bus()
