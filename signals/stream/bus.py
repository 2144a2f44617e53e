"""Who listens in this process, and what was said in the last ten minutes. Safe to publish to from any thread."""

import asyncio
import re
import threading
import time
from collections import deque
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
    """One client. `None` in its queue ends it: the server stops, or it reads too slowly and shall replay."""

    def __init__(self, workspace_id: int, check_token: str | None) -> None:
        self.workspace_id = workspace_id
        self.check_token = check_token
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self.loop = asyncio.get_running_loop()

    def wants(self, event: Event) -> bool:
        is_mine = event.workspace_id == self.workspace_id
        return is_mine and self.check_token in (None, event.check_token)

    def put(self, event: Event | None) -> None:
        self.queue.put_nowait(event if self.queue.qsize() < MOST_PENDING else None)

    def end(self) -> None:
        """Ends it from any thread."""
        try:
            self.loop.call_soon_threadsafe(self.queue.put_nowait, None)
        except RuntimeError:
            """Its event loop is closed, and so it has ended."""


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
            for one in self._listening.get(event.workspace_id, ()):
                if one.wants(event):
                    _hand(one, event)

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


def _hand(subscription: Subscription, event: Event) -> None:
    try:
        subscription.loop.call_soon_threadsafe(subscription.put, event)
    except RuntimeError:
        """Its event loop is closed: the stream is over and unsubscribes no more."""


bus = Bus()
