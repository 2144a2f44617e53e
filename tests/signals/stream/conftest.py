"""A client of the live stream that needs no server."""

import asyncio
import json

import pytest

from signals.stream.app import StreamApp
from signals.stream.bus import Bus


class Client:
    """One open stream of an ASGI application."""

    def __init__(self, app, headers=(), query="", method="GET"):
        self.messages, self.closed = asyncio.Queue(), asyncio.Event()
        given = [(key.lower().encode(), value.encode("latin-1")) for key, value in headers]
        scope = {
            "type": "http", "method": method, "path": "/api/signals/sse", "query_string": query.encode(),
            "headers": given, "client": ("127.0.0.1", 1),
        }  # fmt: skip
        self.task = asyncio.create_task(app(scope, self._receive, self.messages.put))

    async def _receive(self):
        await self.closed.wait()
        return {"type": "http.disconnect"}

    async def start(self):
        self.head = await asyncio.wait_for(self.messages.get(), 10)
        self.headers = {key.decode(): value.decode() for key, value in self.head["headers"]}
        return self.head["status"]

    async def frame(self, seconds=10):
        """The next piece of the stream, as text; empty at its end."""
        message = await asyncio.wait_for(self.messages.get(), seconds)
        return message["body"].decode() if message.get("more_body") else ""

    async def event(self, seconds=10):
        return parse(await self.frame(seconds))

    async def leave(self):
        self.closed.set()
        await asyncio.wait_for(self.task, 10)


def parse(frame):
    """The fields of one server-sent event; `data` as JSON."""
    fields = dict(line.split(": ", 1) for line in frame.strip().splitlines() if ": " in line)
    if "data" in fields:
        fields["data"] = json.loads(fields["data"])
    return fields


@pytest.fixture
def streamed(transactional_db):
    """`streamed(work, **options)`: runs `await work(app)` on a stream application with a bus of its own."""

    def run(work, **options):
        async def main():
            app = StreamApp(Bus(), **options)
            try:
                return await work(app)
            finally:
                app.bus.stop()
                await app.close()

        return asyncio.run(main())

    return run


@pytest.fixture
def bearer(alice, token_of):
    return [("Authorization", f"Bearer {token_of(alice, 'monitor.read')}")]
