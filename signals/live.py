"""Says what happens to whoever has a page or a stream open. Cheap, and never a caller's problem."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.db import close_old_connections

from common.api.renderers import to_json
from signals.ingest.ping import Ping
from signals.ingest.store import Outcome
from signals.models import Heartbeat
from signals.shown import told_json
from signals.stream.bus import bus, make_event
from signals.stream.redis_feed import Feed, Outlet

log = logging.getLogger(__name__)
Message = tuple[int, str | None, str]
_MOST_REMEMBERED = 100_000


class Live:
    """The live events of one process: in memory, or over Redis where there is one."""

    def __init__(self) -> None:
        self._outlet = Outlet()
        self._feed: Feed | None = None
        self._workspaces: dict[int, int] = {}
        self._thread: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Begins to hear other processes; called in the event loop that serves. Does nothing when it does already."""
        bus.is_stopping = False
        if settings.REDIS_URL and self._feed is None:
            self._feed = Feed(bus)

    async def stop(self) -> None:
        bus.stop()
        feed, self._feed = self._feed, None
        thread, self._thread = self._thread, None
        if feed is not None:
            await feed.stop()
        if thread is not None:
            thread.shutdown(wait=False)

    def send(self, messages: Sequence[Message]) -> None:
        if settings.REDIS_URL:
            self._outlet.publish(messages)
            return
        for workspace_id, check_token, data in messages:
            bus.deliver(make_event(bus.next_id(), workspace_id, check_token, data))

    @property
    def listened_to(self) -> set[int]:
        """Workspaces that anybody listens to, in any process we know of."""
        return self._feed.listened_to | bus.workspaces if self._feed else bus.workspaces

    def tell(self, told: Sequence[tuple[Ping, Outcome]]) -> None:
        """Publishes steady pings, in a thread: they come by the hundred, and their workspaces may have to be read."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="ping-teller")
        asyncio.get_running_loop().run_in_executor(self._thread, self._tell, told)

    def _tell(self, told: Sequence[tuple[Ping, Outcome]]) -> None:
        try:
            self._remember({outcome.heartbeat_id for _, outcome in told} - self._workspaces.keys())
            listened_to = self.listened_to
            self.send([
                (workspace_id, ping.token, _signal(ping, outcome))
                for ping, outcome in told
                if (workspace_id := self._workspaces.get(outcome.heartbeat_id)) in listened_to
                and workspace_id is not None
            ])  # fmt: skip
        except Exception:
            log.exception("steady pings were not told to the live stream")
        finally:
            close_old_connections()

    def _remember(self, unknown: set[int]) -> None:
        """A heartbeat never changes its workspace."""
        if len(self._workspaces) > _MOST_REMEMBERED:
            self._workspaces.clear()
        if unknown:
            found = Heartbeat.objects.filter(pk__in=unknown).values_list("pk", "monitor__workspace_id")
            self._workspaces.update(found)


live = Live()


def message(*, workspace_id: int, kind: str, data: Mapping[str, Any], check_token: str | None = None) -> Message:
    """`data` with `type` = `kind`, for the workspace and for streams of the check with `check_token`."""
    return workspace_id, check_token, to_json({"type": kind, **data}).decode()


def publish(*, workspace_id: int, kind: str, data: Mapping[str, Any], check_token: str | None = None) -> None:
    """Says one message; see `publish_all`."""
    publish_all([message(workspace_id=workspace_id, kind=kind, data=data, check_token=check_token)])


def publish_all(messages: Sequence[Message]) -> None:
    """Says messages, in one round trip for all.

    For `transaction.on_commit`. Takes about a millisecond; when they cannot be said, that is logged, not raised.
    """
    try:
        live.send(messages)
    except Exception:
        log.exception("%d live events were not published", len(messages))


def tell_steady(pings: Sequence[Ping], outcomes: Sequence[Outcome | None]) -> None:
    """Says the stored pings that nothing else will tell of, if anybody listens at all. Called in the event loop."""
    if not live.listened_to:
        return
    told = [
        (ping, one)
        for ping, one in zip(pings, outcomes, strict=True)
        if one is not None and one.signal_id is not None and not one.needs_settling
    ]
    if told:
        live.tell(told)


def _signal(ping: Ping, outcome: Outcome) -> str:
    assert outcome.signal_id is not None
    signal = told_json(ping, id=outcome.signal_id, rid=ping.rid)
    told = {"type": "signal", "monitorId": outcome.heartbeat_id, "token": ping.token, "signal": signal}
    return to_json(told).decode()
