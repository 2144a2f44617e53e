"""The SMTP listener of one process (RFC 5321): how many may talk to it, for how long, and how it stops."""

import asyncio
from collections import Counter
from typing import Any, cast

from aiosmtpd.smtp import SMTP

from signals.ingest.ingest import Ingest
from signals.mail.envelope import Envelope
from signals.mail.handler import MailHandler

# Declared as SIZE (RFC 1870). The text of a longer mail would be cut in any case, but its attachments cost memory.
MOST_BYTES = 1024 * 1024
MOST_SESSIONS = 100
MOST_FROM_ONE = 20
COMMAND_SECONDS = 120.0
SESSION_SECONDS = 600.0
DRAIN_SECONDS = 12.0
_MOST_CALLS = {"*": 20, "MAIL": 200, "RCPT": 1000, "DATA": 200, "RSET": 200, "NOOP": 200}
_BUSY = b"421 4.7.0 Too many connections, come back later\r\n"
_CLOSING = b"421 4.3.2 The listener stops, send it again\r\n"


class Listener:
    """Listens between `start` and `stop`; `limits` of sessions and times are for tests."""

    def __init__(self, domain: str, **limits: float) -> None:
        self.domain = domain
        self.sessions: set[MailSession] = set()
        self.from_one: Counter[str] = Counter()
        self.most_sessions = int(limits.pop("most_sessions", MOST_SESSIONS))
        self.most_from_one = int(limits.pop("most_from_one", MOST_FROM_ONE))
        self.command_seconds = limits.pop("command_seconds", COMMAND_SECONDS)
        self.session_seconds = limits.pop("session_seconds", SESSION_SECONDS)
        self._ingest = Ingest(beats=False)
        self._handler: MailHandler | None = None
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listens and returns the port. Raises OSError where it cannot."""
        self._handler = MailHandler(self._ingest, self.domain)
        self._server = await asyncio.get_running_loop().create_server(self._session, host, port)
        self._ingest.start()
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Takes no new connection, answers what waits for its commit, ends every session, then the ping path."""
        if self._server is None or self._handler is None:
            return
        self._server.close()
        await self._handler.settled(DRAIN_SECONDS)
        for session in list(self.sessions):
            session.end(_CLOSING)
        await self._ingest.stop()

    @property
    def is_at_work(self) -> bool:
        """Whether a mail waits for its commit."""
        return self._handler is not None and self._handler.is_at_work

    def _session(self) -> "MailSession":
        assert self._handler is not None
        return MailSession(self, self._handler)


class MailSession(SMTP):
    """One connection. Slow ones are cut: a command, mail included, has its time, and so has the whole session."""

    line_length_limit = MOST_BYTES  # a long line is still a mail; jobs write them

    def __init__(self, listener: Listener, handler: MailHandler) -> None:
        super().__init__(
            handler,
            hostname=listener.domain,
            ident="WebSignal",
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            timeout=listener.command_seconds,
            command_call_limit=_MOST_CALLS,
            loop=asyncio.get_running_loop(),
        )
        self._listener = listener
        self._peer = ""
        self._last_moment: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        listener, connection = self._listener, cast(asyncio.Transport, transport)
        peer = str((transport.get_extra_info("peername") or ("",))[0])
        if len(listener.sessions) >= listener.most_sessions or listener.from_one[peer] >= listener.most_from_one:
            connection.write(_BUSY)
            connection.close()
            return
        self._peer = peer
        listener.sessions.add(self)
        listener.from_one[peer] += 1
        self._last_moment = self.loop.call_later(listener.session_seconds, connection.abort)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._last_moment is None:
            return
        self._last_moment.cancel()
        self._listener.sessions.discard(self)
        self._listener.from_one -= Counter([self._peer])
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if self._last_moment is not None:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return super().eof_received() if self._last_moment is not None else False

    def end(self, word: bytes) -> None:
        """Says `word` and closes, in whatever the session is: what was not answered 250 is sent again."""
        if self.transport is not None:
            transport = cast(asyncio.Transport, self.transport)
            transport.write(word)
            transport.close()

    def _create_envelope(self) -> Any:
        return Envelope()
