"""The ping path of one process: its store, its group commit and what follows, for the event loop that runs."""

import asyncio
from collections.abc import Sequence

from django.db import connections

from common import clock
from common.invalid import Conflict, Invalid, NotAllowed
from common.metrics import count
from signals import live, selectors, services
from signals.ingest.aftermath import Aftermath
from signals.ingest.commit import Full, GroupCommit
from signals.ingest.ping import Ping
from signals.ingest.postgres import PostgresStore
from signals.ingest.sqlite import SqliteStore
from signals.ingest.store import Outcome, Store
from signals.models import Heartbeat


def open_store() -> Store:
    """The store for the configured database."""
    database, vendor = connections["default"].settings_dict, connections["default"].vendor
    return PostgresStore(database) if vendor == "postgresql" else SqliteStore(database)


class Ingest:
    """Starts with the first ping, or with `start()`; `stop()` drains it. A process needs one.

    `beats` says that HTTP pings can arrive here: only such a process may write that our ingest is alive.
    """

    def __init__(self, *, beats: bool = True) -> None:
        self._beats = beats
        self._commit: GroupCommit | None = None
        self._aftermath: Aftermath | None = None
        self._is_stopped = False

    def start(self) -> None:
        """Makes ready to store pings; called in the event loop that serves. Does nothing when it runs."""
        if self._commit is None:
            self._is_stopped = False
            self._aftermath = Aftermath(beats=self._beats)
            self._commit = GroupCommit(open_store(), self._stored)

    async def stop(self) -> None:
        """Stores, answers and settles what waits; ends its thread and connection. Does nothing when it does not run."""
        commit, aftermath = self._commit, self._aftermath
        if commit is None or aftermath is None:
            return
        self._is_stopped = True
        await commit.stop()
        await aftermath.stop()
        self._commit = self._aftermath = None

    def submit(self, ping: Ping) -> "asyncio.Future[Outcome | None]":
        """As GroupCommit.submit."""
        self._ready()
        assert self._commit is not None
        return self._commit.submit(ping)

    def _ready(self) -> None:
        if self._is_stopped:
            raise Full
        self.start()

    async def knows(self, token: str) -> bool:
        """Whether a heartbeat has this token now."""
        self._ready()
        assert self._aftermath is not None
        return bool(await self._aftermath.run(lambda: Heartbeat.objects.filter(token=token).exists()))

    async def token_of(self, ping_key: str, slug: str, *, create: bool) -> str | None:
        """The token of the heartbeat with this slug, made on request; None when there is none."""
        self._ready()
        assert self._aftermath is not None
        found = await self._aftermath.run(lambda: _by_slug(ping_key, slug, create))
        return str(found) if found else None

    def _stored(self, pings: Sequence[Ping], outcomes: Sequence[Outcome | None]) -> None:
        assert self._aftermath is not None
        waiting = [one.heartbeat_id for one in outcomes if one is not None and one.needs_settling]
        if waiting:
            self._aftermath.settle(waiting)
        count("pings_total", sum(one is not None and one.signal_id is not None for one in outcomes))
        live.tell_steady(pings, outcomes)


def _by_slug(ping_key: str, slug: str, create: bool) -> str | None:
    found = selectors.heartbeat_by_slug(ping_key, slug)
    if found is None and create:
        try:
            found = services.heartbeat_for_slug(ping_key=ping_key, slug=slug, now=clock.now())
        except (Invalid, Conflict, NotAllowed):
            return None
    return found.token if found else None
