"""What the listener answers to a recipient and to a mail. 250 to a mail means that its signals are committed."""

import asyncio
import logging
from collections.abc import Sequence

from aiosmtpd.smtp import SMTP, Session

from common import clock
from common.client_address import resolve_client
from signals.ingest.address import Address
from signals.ingest.app import BODY_LIMIT
from signals.ingest.commit import Full, Unavailable
from signals.ingest.ingest import Ingest
from signals.ingest.ping import MAX_USER_AGENT, Ping, digest_of, read_body
from signals.ingest.store import Outcome
from signals.mail.address import read_recipient
from signals.mail.envelope import Envelope
from signals.mail.message import Said, read_message
from signals.mail.payload import METHOD, compose

log = logging.getLogger(__name__)
MOST_RECIPIENTS = 50
STORED = "250 2.0.0 Stored"
KNOWN = "250 2.1.5 A heartbeat has this address"
UNKNOWN = "550 5.1.1 No heartbeat has this address"
TOO_MANY = "452 4.5.3 Too many recipients in one mail"
LATER = "451 4.3.0 Pings cannot be stored at the moment, send it again"


class MailHandler:
    """The hooks of aiosmtpd. Whatever is our own fault is answered 451, so that the sender tries again."""

    def __init__(self, ingest: Ingest, domain: str) -> None:
        self._ingest = ingest
        self._domain = domain
        self._at_work = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def is_at_work(self) -> bool:
        return self._at_work > 0

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, recipient: str, options: list[str]
    ) -> str:
        if len(envelope.heartbeats) >= MOST_RECIPIENTS:
            return TOO_MANY
        meant = read_recipient(recipient, self._domain)
        if meant is None:
            return UNKNOWN
        try:
            token = await self._token_of(meant)
        except Exception as error:
            if not isinstance(error, Full):
                log.warning("a mail address could not be looked up: %r", error)
            return LATER
        if token is None:
            return UNKNOWN
        envelope.rcpt_tos.append(recipient)
        envelope.heartbeats.append((meant, token))
        return KNOWN

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self._at_work += 1
        self._idle.clear()
        try:
            outcomes = await self._store(envelope, session)
        except (Full, Unavailable):
            return LATER
        finally:
            self._at_work -= 1
            if not self._at_work:
                self._idle.set()
        # Each was known a moment ago; one that is gone by now hides none that is there.
        return STORED if any(outcomes) else UNKNOWN

    async def handle_exception(self, error: Exception) -> str:
        log.error("a mail session failed", exc_info=error)
        return LATER

    async def settled(self, within_seconds: float) -> None:
        """Returns once no mail waits for its commit, or after that time."""
        try:
            async with asyncio.timeout(within_seconds):
                await self._idle.wait()
        except TimeoutError:
            log.warning("%d mails still waited for the database; their senders try again", self._at_work)

    async def _token_of(self, meant: Address) -> str | None:
        if not meant.token:
            return await self._ingest.token_of(meant.ping_key, meant.slug, create=False)
        return meant.token if await self._ingest.knows(meant.token) else None

    async def _store(self, envelope: Envelope, session: Session) -> Sequence[Outcome | None]:
        content = envelope.original_content or b""
        said, source_ip = read_message(content), _source_of(session)
        waiting = [self._ingest.submit(_ping(meant, token, said, source_ip)) for meant, token in envelope.heartbeats]
        found = await asyncio.gather(*waiting, return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException):
                raise one
        return [one for one in found if not isinstance(one, BaseException)]


def _source_of(session: Session) -> str | None:
    return resolve_client(str(session.peer[0]), "", ()) if session.peer else None


def _ping(meant: Address, token: str, said: Said, source_ip: str | None) -> Ping:
    body = compose(said.subject, said.text, limit=BODY_LIMIT).encode()
    payload, is_json, has_dependencies = read_body(body)
    return Ping(
        token,
        meant.type,
        clock.now(),
        source_ip,
        said.sender[:MAX_USER_AGENT],
        METHOD,
        payload,
        is_json,
        meant.exit_status,
        None,
        meant.type == "SUCCESS" and not has_dependencies,
        digest_of(meant.type, meant.exit_status, source_ip, None, body),
    )
