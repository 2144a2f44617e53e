"""One epoll for everything the loop waits on, and its account of what is watched for what."""

import select
import time
from collections.abc import Callable
from contextlib import suppress

READ, WRITE, ONCE = select.EPOLLIN, select.EPOLLOUT, select.EPOLLONESHOT
_MOST_EVENTS = 512
Handler = Callable[[int, int], None]


class Poller:
    """Watches descriptors and calls their handlers with (descriptor, events)."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._watched: dict[int, tuple[int, Handler]] = {}

    def watch(self, fd: int, mask: int, handler: Handler) -> None:
        """Start or change watching `fd`."""
        known = self._watched.get(fd)
        if known is not None and known[0] == mask and known[1] == handler:
            return
        self._watched[fd] = (mask, handler)
        if known is None:
            self._register(fd, mask)
        else:
            self._modify(fd, mask)

    def watch_once(self, fd: int, mask: int, handler: Handler) -> None:
        """Hear of `fd` one time. Nothing is to be undone then, whether it is closed or watched again."""
        known = self._watched.get(fd)
        self._watched[fd] = (mask | ONCE, handler)
        if known is None:
            self._register(fd, mask | ONCE)
        else:
            self._modify(fd, mask | ONCE)

    def forget(self, fd: int) -> None:
        """Stop watching `fd`; it may be closed already."""
        if self._watched.pop(fd, None) is not None:
            self._drop(fd)

    def forget_closing(self, fd: int) -> None:
        """Stop watching `fd`, which is closed next: the kernel then drops it by itself, for nothing."""
        self._watched.pop(fd, None)

    def wait(self, seconds: float, gather_seconds: float = 0.0) -> int:
        """Wait for events, after the first a little longer for others, and hand them out. Returns how many."""
        events = self._epoll.poll(seconds, _MOST_EVENTS)
        if gather_seconds and events:
            time.sleep(gather_seconds)
            # Of one heard of twice the second says more, and once it is handled the account knows.
            events = list({**dict(events), **dict(self._epoll.poll(0, _MOST_EVENTS))}.items())
        for fd, mask in events:
            known = self._watched.get(fd)
            if known is not None:
                known[1](fd, mask)
            else:
                self._drop(fd)
        return len(events)

    def close(self) -> None:
        """Give the epoll descriptor back."""
        self._watched.clear()
        self._epoll.close()

    # An earlier handler of this turn may have closed it; or it was to be closed and is still open.
    def _drop(self, fd: int) -> None:
        with suppress(OSError):
            self._epoll.unregister(fd)

    # A descriptor's number is reused at once: the kernel may have dropped one that is in our account, or hold
    # one that the account has lost.
    def _register(self, fd: int, mask: int) -> None:
        try:
            self._epoll.register(fd, mask)
        except FileExistsError:
            self._epoll.modify(fd, mask)

    def _modify(self, fd: int, mask: int) -> None:
        try:
            self._epoll.modify(fd, mask)
        except FileNotFoundError:
            self._epoll.register(fd, mask)
