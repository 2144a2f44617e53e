"""Sends many HTTP requests at once from one thread: one that hangs costs a socket, and holds up nobody else's."""

import heapq
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Lock, Thread

import pycurl

from common.outgoing import Answer, Exchange, OutgoingFailed, OutgoingRefused, Request
from monitors.engine.poller import READ, Poller
from monitors.engine.resolver import Resolver
from monitors.engine.transfers import Transfers

log = logging.getLogger("websignal.alerts")
Ended = Answer | OutgoingRefused | OutgoingFailed
_LONGEST_WAIT = 1.0
_MOST_STARTS = 40
_BROKEN = OutgoingFailed("reset", "The sender broke; see its log.")


class _Letter:
    """One request under way; `is_asking` while its name is looked up."""

    __slots__ = ("done", "exchange", "is_asking", "request")

    def __init__(self, request: Request, done: Callable[[Ended], None]) -> None:
        self.request = request
        self.done = done
        self.is_asking = False
        self.exchange: Exchange | None = None


class Courier:
    """One thread with libcurl's multi interface and c-ares on one epoll. `send` and `stop` may come from any thread."""

    def __init__(self) -> None:
        self._inbox: deque[_Letter] = deque()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._bell_lock = Lock()
        self._is_stopped = False
        self._open()
        self._thread = Thread(target=self._run, name="alerts-courier", daemon=True)
        self._thread.start()

    def send(self, request: Request, done: Callable[[Ended], None]) -> None:
        """Calls `done` once, in the courier's thread, with the answer or with why there is none; not after `stop`."""
        self._inbox.append(_Letter(request, done))
        self._ring()

    def stop(self) -> None:
        """Drops what is under way."""
        self._is_stopped = True
        self._ring()

    def _ring(self) -> None:
        with self._bell_lock:
            if self._bell >= 0:
                os.eventfd_write(self._bell, 1)

    def _on_bell(self, fd: int, _events: int) -> None:
        os.eventfd_read(fd)

    def _open(self) -> None:
        self._poller = Poller()
        self._transfers = Transfers(self._poller)
        self._resolver = Resolver(self._poller)
        self._poller.watch(self._bell, READ, self._on_bell)
        self._under_way: set[_Letter] = set()
        self._by_curl: dict[pycurl.Curl, _Letter] = {}
        self._resolved: deque[tuple[_Letter, tuple[str, ...] | str]] = deque()
        self._deadlines: list[tuple[float, int, _Letter]] = []
        self._order = count()

    def _close(self) -> None:
        self._transfers.close()
        self._resolver.close()
        self._poller.close()

    def _run(self) -> None:
        while not self._is_stopped:
            try:
                self._turn()
            except Exception:
                log.exception("The courier broke and starts again")
                self._begin_anew()
        self._close()
        with self._bell_lock:
            os.close(self._bell)
            self._bell = -1

    def _begin_anew(self) -> None:
        """Whatever was under way ends as failed, and is tried again like any other."""
        lost = self._under_way
        self._close()
        self._open()
        for letter in lost:
            self._end(letter, _BROKEN)

    def _turn(self) -> None:
        self._poller.wait(self._wait_seconds())
        for _ in range(min(len(self._inbox), _MOST_STARTS)):
            self._begin(self._inbox.popleft())
        self._resolver.turn()
        self._expire(time.monotonic())
        while self._resolved:
            self._go_on(*self._resolved.popleft())
        self._transfers.turn()
        for curl, code, message in self._transfers.ended():
            self._finish(self._by_curl.pop(curl), code, message)

    def _wait_seconds(self) -> float:
        if self._inbox or self._resolved:
            return 0.0
        now = time.monotonic()
        deadline = self._deadlines[0][0] if self._deadlines else now + _LONGEST_WAIT
        wanted_at = min(self._transfers.wanted_at, self._resolver.wanted_at, deadline, now + _LONGEST_WAIT)
        return max(wanted_at - now, 0.0)

    def _begin(self, letter: _Letter) -> None:
        self._under_way.add(letter)
        with self._ends_alone(letter):
            letter.exchange = Exchange(letter.request)
            if letter.exchange.host is None:
                self._dial(letter, letter.exchange, ())
            else:
                self._ask(letter, letter.exchange, letter.exchange.host)

    def _ask(self, letter: _Letter, exchange: Exchange, host: str) -> None:
        letter.is_asking = True
        if not self._resolver.ask(host, None, lambda found: self._resolved.append((letter, found))):
            heapq.heappush(self._deadlines, (exchange.deadline, next(self._order), letter))

    @contextmanager
    def _ends_alone(self, letter: _Letter) -> Iterator[None]:
        """What cannot be sent, and what breaks, ends this letter and no other."""
        try:
            yield
        except (OutgoingRefused, OutgoingFailed) as failed:
            self._end(letter, failed)
        except Exception:
            log.exception("A request to %s broke", letter.request.url[:100])
            self._end(letter, _BROKEN)

    def _expire(self, now: float) -> None:
        while self._deadlines and self._deadlines[0][0] <= now:
            _, _, letter = heapq.heappop(self._deadlines)
            self._resolved.append((letter, f"The name in {letter.request.url[:100]} could not be resolved in time."))

    def _go_on(self, letter: _Letter, found: tuple[str, ...] | str) -> None:
        """A name was looked up, or was not; a second word on the same letter changes nothing."""
        if not letter.is_asking or letter.exchange is None:
            return
        letter.is_asking = False
        with self._ends_alone(letter):
            if isinstance(found, str):
                raise OutgoingFailed("dns", found)
            self._dial(letter, letter.exchange, found)

    def _dial(self, letter: _Letter, exchange: Exchange, addresses: tuple[str, ...]) -> None:
        exchange.pin(addresses)
        self._by_curl[exchange.curl] = letter
        self._transfers.add(exchange.curl)

    def _finish(self, letter: _Letter, code: int, message: str) -> None:
        assert letter.exchange is not None, "it was dialled"
        with self._ends_alone(letter):
            self._end(letter, letter.exchange.answer(code, message))

    def _end(self, letter: _Letter, ended: Ended) -> None:
        self._under_way.discard(letter)
        letter.is_asking = False
        if letter.exchange is not None:
            letter.exchange.close()
        letter.done(ended)
