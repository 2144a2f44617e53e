"""The web process: raw applications for pings, the live stream and readers that wait, Django for the rest."""

import asyncio
import gc
import os
import warnings
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "websignal.settings")
django.setup(set_prefix=False)

from django.core.handlers.asgi import ASGIHandler  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from accounts.waiting import EventsApp  # noqa: E402
from common.metrics_thread import MetricsThread  # noqa: E402
from signals import asgi as signals  # noqa: E402
from signals.ingest.answers import Receive, Send  # noqa: E402

# WhiteNoise hands out files, not streams: that they are read in a thread is what we want.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")
_COLLECT_AFTER = (20_000, 20, 100)
metrics = MetricsThread()
django_application: Any = ASGIHandler()
events = EventsApp(django_application, on_wait=signals.end_on_signal)
signals.endings.append(events.stop)


async def application(scope: Any, receive: Receive, send: Send) -> None:
    """One request, or the life of the server (ASGI lifespan)."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1000})
    elif events.takes(scope):
        await events(scope, receive, send)
    else:
        await (signals.dispatch(scope) or django_application)(scope, receive, send)


async def _live(receive: Receive, send: Send) -> None:
    """Starts the ping path and the stream with the server and drains them at its end."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            spare_the_collector()
            signals.start()
            events.start()
            metrics.start()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            events.stop()
            await signals.stop()
            await asyncio.to_thread(metrics.stop)
            await send({"type": "lifespan.shutdown.complete"})
            return


def spare_the_collector() -> None:
    """Loads every view, and has the collector never go through that again, nor often through a page half made.

    The first held requests up for 0.1 s.
    """
    assert get_resolver().url_patterns
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
