"""The raw applications of this app, mounted before Django, and what starts and stops with the server."""

import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

from signals.ingest.address import is_ping_path
from signals.ingest.answers import Receive, Scope, Send
from signals.ingest.app import PingApp
from signals.ingest.ingest import Ingest
from signals.live import live
from signals.stream.app import PATH, StreamApp
from signals.stream.bus import bus

App = Callable[[Any, Receive, Send], Awaitable[None]]

ingest = Ingest()
ping_app = PingApp(ingest)
stream_app = StreamApp(bus)
# What ends at once when the server is told to stop; each is safe in a signal handler and from any thread.
endings: list[Callable[[], None]] = [bus.stop]


def dispatch(scope: Scope) -> App | None:
    """The raw application for this request; None leaves it to Django."""
    if scope["type"] != "http":
        return None
    path = scope["path"]
    if is_ping_path(path):
        return ping_app
    return stream_app if path == PATH else None


def start() -> None:
    """Makes ready to store pings and to stream; called in the event loop that serves."""
    ingest.start()
    live.start()
    stream_app.on_open = end_on_signal


def stop_streams() -> None:
    """Ends every open stream, and all else in `endings`, within a moment."""
    for end in endings:
        end()


def end_on_signal() -> None:
    """Servers wait for open requests before they say that they stop; a stream would keep them waiting.

    Done when the first stream opens: by then the server has set its own handlers, which ours calls. One that an event
    loop has set is called by the loop in any case: the kernel's word also reaches its wake-up descriptor.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)
        if isinstance(before, _EndStreams):
            continue
        signal.signal(number, _EndStreams(before))


class _EndStreams:
    """A signal handler in front of another."""

    def __init__(self, before: Any) -> None:
        self.before = before

    def __call__(self, number: int, frame: FrameType | None) -> None:
        stop_streams()
        if callable(self.before):
            self.before(number, frame)
        elif self.before is signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)


async def stop() -> None:
    """Ends the streams; stores, answers and settles every ping that waits."""
    await live.stop()
    await stream_app.opens.close()
    await ingest.stop()
