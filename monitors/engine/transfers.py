"""libcurl's multi interface on our own epoll."""

import time
from collections.abc import Iterator
from math import inf

import pycurl

from monitors.engine.poller import READ, WRITE, Poller

_MASKS = {pycurl.POLL_IN: READ, pycurl.POLL_OUT: WRITE, pycurl.POLL_INOUT: READ | WRITE}
Ended = tuple[pycurl.Curl, int, str]


class Transfers:
    """Runs prepared handles at the same time; their ends are fetched once a turn.

    Handles are added and removed between libcurl's callbacks, never inside one.
    """

    def __init__(self, poller: Poller) -> None:
        self._poller = poller
        self.wanted_at = inf  # time.monotonic() at which libcurl wants to be called
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, 1)
        self._multi.setopt(pycurl.M_PIPELINING, 0)
        # libcurl does not hold what it runs; a handle collected in flight would take the process with it.
        self._running: set[pycurl.Curl] = set()

    def add(self, curl: pycurl.Curl) -> None:
        """Start a transfer."""
        self._running.add(curl)
        self._multi.add_handle(curl)

    def remove(self, curl: pycurl.Curl) -> None:
        """Stop a transfer, ended or not."""
        self._running.discard(curl)
        self._multi.remove_handle(curl)

    def turn(self) -> None:
        """Let libcurl act on its timers when they are due."""
        if time.monotonic() >= self.wanted_at:
            self.wanted_at = inf
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def ended(self) -> Iterator[Ended]:
        """Yield each transfer that has ended since, removed."""
        left = 1
        while left:
            left, well, badly = self._multi.info_read(512)
            for curl in well:
                self.remove(curl)
                yield curl, 0, ""
            for curl, code, message in badly:
                self.remove(curl)
                yield curl, code, message

    def close(self) -> None:
        """Stop everything."""
        for curl in list(self._running):
            self.remove(curl)
        self._multi.close()

    def _on_timer(self, milliseconds: int) -> None:
        self.wanted_at = inf if milliseconds < 0 else time.monotonic() + milliseconds / 1000

    def _on_socket(self, what: int, fd: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            # Each transfer has a connection of its own, closed when it ends.
            self._poller.forget_closing(fd)
        else:
            self._poller.watch(fd, _MASKS.get(what, 0), self._on_event)

    def _on_event(self, fd: int, events: int) -> None:
        self._multi.socket_action(fd, _actions(events))


def _actions(events: int) -> int:
    """epoll's events as libcurl's: errors and hang-ups count as readable, so that it looks and finds out."""
    if events == READ:
        return int(pycurl.CSELECT_IN)
    if events == WRITE:
        return int(pycurl.CSELECT_OUT)
    actions: int = pycurl.CSELECT_IN if events & READ else 0
    actions |= pycurl.CSELECT_OUT if events & WRITE else 0
    actions |= pycurl.CSELECT_ERR if events & ~(READ | WRITE) else 0
    return actions
