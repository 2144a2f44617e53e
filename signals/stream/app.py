"""The raw ASGI application of the live stream (server-sent events, HTML standard section 9.2)."""

import asyncio
import math
from collections.abc import Callable

from django_eventstream.utils import sse_encode_event

from common import clock
from common.api.renderers import to_json
from signals.ingest.answers import Receive, Scope, Send, printable, problem
from signals.ingest.ping import header, query_value
from signals.stream.bus import Bus, EventId, Subscription, id_text, read_id
from signals.stream.door import Door
from signals.stream.opens import Opens
from signals.stream.viewers import Credential, Refused, Viewer, credential_of, viewer_of

PATH = "/api/signals/sse"
KEEP_ALIVE_SECONDS = 15.0
RETRY_MS = 2_000
# A write to a socket costs the same for one event as for ten: a stream that is busy gets them in tenths of a second.
PAUSE_SECONDS = 0.1
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
]
_KINDS = {401: "unauthenticated", 403: "not-allowed", 404: "not-found"}


class StreamApp:
    """Answers `GET /api/signals/sse`: one coroutine and one queue a client."""

    def __init__(
        self, bus: Bus, *, keep_alive_seconds: float = KEEP_ALIVE_SECONDS, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self.bus = bus
        self.keep_alive_seconds = keep_alive_seconds
        self.pause_seconds = pause_seconds
        self.opens = Opens()
        self.on_open: Callable[[], None] | None = None
        self._door = Door()

    async def close(self) -> None:
        """Ends its thread and its connections; the application can be used no more."""
        self._door.close()
        await self.opens.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], printable(scope["path"])
        if method != "GET":
            refusal = problem(405, "method-not-allowed", "The stream is read with GET.", path, (b"allow", b"GET"))
            await refusal.send(send, method)
            return
        check_token = query_value(scope["query_string"], "token") or None
        try:
            credential, viewer = await self._door.ask(lambda: _admitted(scope, check_token))
        except Refused as refused:
            challenge = [(b"www-authenticate", b'Bearer realm="api"')] if refused.status == 401 else []
            await problem(refused.status, _KINDS[refused.status], refused.detail, path, *challenge).send(send, method)
            return
        wait = await self.opens.wait_for(viewer.user_id)
        if wait:
            retry = (b"retry-after", str(math.ceil(wait)).encode())
            detail = "30 streams a minute are the most that one person may open."
            await problem(429, "too-many-requests", detail, path, retry).send(send, method)
            return
        subscription = Subscription(viewer.workspace_id, check_token)
        last_seen = read_id(header(scope["headers"], b"last-event-id"))
        await self._stream(receive, send, subscription, credential, viewer, last_seen)

    async def _stream(
        self,
        receive: Receive,
        send: Send,
        subscription: Subscription,
        credential: Credential,
        viewer: Viewer,
        last_seen: EventId | None,
    ) -> None:
        if self.on_open is not None:
            self.on_open()
        missed = self.bus.subscribe(subscription, last_seen)
        gone = asyncio.create_task(_until_gone(receive, subscription))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await _send(send, f"retry: {RETRY_MS}\n\n".encode() + b"".join(event.frame for event in missed))
            await self._speak(send, subscription, credential, viewer)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:
            """The client is gone."""
        finally:
            self.bus.unsubscribe(subscription)
            gone.cancel()

    async def _speak(self, send: Send, subscription: Subscription, credential: Credential, viewer: Viewer) -> None:
        """Sends events as they come and a keep-alive in every pause; ends when the viewer may no longer listen."""
        last_id = self.bus.last_id
        loop = asyncio.get_running_loop()
        keep_alive_at = loop.time() + self.keep_alive_seconds
        while True:
            judge_at = min(keep_alive_at, loop.time() + _seconds_left(viewer))
            told = await self._relay(send, subscription, last_id, judge_at)
            if told is None:
                return
            last_id = told
            again = await self._again(credential, subscription)
            if again is None or again[:2] != viewer[:2]:
                return
            viewer = again
            if loop.time() >= keep_alive_at:
                await _send(send, _keep_alive(last_id))
                keep_alive_at = loop.time() + self.keep_alive_seconds

    async def _relay(self, send: Send, subscription: Subscription, last_id: EventId, until: float) -> EventId | None:
        """Sends what comes until `until`, the loop's time; the id of the last event, None when the stream is to end."""
        alarm = subscription.loop.call_at(until, subscription.wake)
        try:
            while subscription.loop.time() < until:
                events = await subscription.take()
                is_over = None in events
                told = [event for event in events[: events.index(None) if is_over else None] if event is not None]
                if told:
                    last_id = max(last_id, told[-1].id)
                    await _send(send, b"".join(event.frame for event in told))
                if is_over:
                    return None
                if told:
                    await asyncio.sleep(self.pause_seconds)
        finally:
            alarm.cancel()
        return last_id

    async def _again(self, credential: Credential, subscription: Subscription) -> Viewer | None:
        """Who listens now; None when they may not any more."""
        try:
            return await self._door.ask(lambda: viewer_of(credential, subscription.check_token))
        except Refused:
            return None


def _admitted(scope: Scope, check_token: str | None) -> tuple[Credential, Viewer]:
    credential = credential_of(scope["headers"], scope["query_string"])
    return credential, viewer_of(credential, check_token)


def _seconds_left(viewer: Viewer) -> float:
    return math.inf if viewer.until is None else max(0.0, (viewer.until - clock.now()).total_seconds())


async def _until_gone(receive: Receive, subscription: Subscription) -> None:
    while (await receive())["type"] != "http.disconnect":
        """The rest of a request body says nothing."""
    subscription.put(None)


async def _send(send: Send, frame: bytes) -> None:
    await send({"type": "http.response.body", "body": frame, "more_body": True})


def _keep_alive(last_id: EventId) -> bytes:
    data = to_json({"type": "heartbeat", "at": clock.now()}).decode()
    return str(sse_encode_event("heartbeat", data, event_id=id_text(last_id))).encode()
