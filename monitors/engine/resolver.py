"""Name look-ups inside the loop: c-ares on the loop's epoll, with a bounded cache."""

import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

import pycares

from common.resolve import FAMILIES, in_dialling_order
from monitors.engine.poller import READ, WRITE, Poller

LEAST_TTL, MOST_TTL = 5.0, 300.0
MOST_NAMES = 50_000
_NOSORT = 1 << 7  # ARES_AI_NOSORT, which pycares does not export: its sorting costs a connect() per address
_LOOK_UP_SECONDS = 1.0
_TRIES = 3

Answered = Callable[[tuple[str, ...] | str], None]
Question = tuple[str, int | None]


class _Known(NamedTuple):
    addresses: tuple[str, ...]
    until: float


class Resolver:
    """Answers by a callback: a tuple of addresses in dialling order, or a sentence that says why not.

    /etc/hosts and localhost are answered from the file. Answers are kept for their TTL, at least 5 s and at
    most 300 s; failures are not kept. Questions asked at the same time share one look-up.
    """

    def __init__(self, poller: Poller, servers: list[str] | None = None) -> None:
        self._poller = poller
        self._servers = servers
        self._known: OrderedDict[Question, _Known] = OrderedDict()
        self._asking: dict[Question, list[Answered]] = {}
        self._channel = self._open()
        self._renewed_at = time.monotonic()

    def ask(self, host: str, ip_version: int | None, answered: Answered, *, fresh: bool = False) -> bool:
        """Call `answered` now if the answer is known, else when it comes; say which. `fresh`: ask again."""
        question = (host, ip_version)
        now = time.monotonic()
        known = self._known.get(question)
        if known is not None and known.until > now and not fresh:
            answered(known.addresses)
            return True
        if question in self._asking:
            self._asking[question].append(answered)
            return False
        self._asking[question] = [answered]
        self._renew(now)
        self._channel.getaddrinfo(
            host,
            None,
            family=FAMILIES[ip_version],
            type=socket.SOCK_STREAM,
            flags=_NOSORT,
            callback=lambda found, error: self._on_answer(question, found, error),
        )
        return False

    def known(self, host: str) -> str | None:
        """The address dialled first as far as it is known, without asking."""
        known = self._known.get((host, None))
        return known.addresses[0] if known else None

    @property
    def wanted_at(self) -> float:
        """time.monotonic() at which c-ares wants to be called; inf when nothing is asked."""
        if not self._asking:
            return inf
        return time.monotonic() + float(self._channel.timeout())  # type: ignore[no-untyped-call]

    def turn(self) -> None:
        """Let c-ares repeat or give up look-ups whose time is over."""
        if self._asking:
            self._channel.process_fd(pycares.ARES_SOCKET_BAD, pycares.ARES_SOCKET_BAD)

    def close(self) -> None:
        """Stop; nobody is called back any more."""
        self._asking.clear()
        self._channel.close()

    def _open(self) -> pycares.Channel:
        # No `lookups`: pycares 5.2 frees it before c-ares reads it. The default is the hosts file, then DNS.
        return pycares.Channel(
            timeout=_LOOK_UP_SECONDS, tries=_TRIES, servers=self._servers, sock_state_cb=self._on_socket
        )

    def _renew(self, now: float) -> None:
        """Empty the cache of c-ares itself, which only the TTL limits, and read resolv.conf anew."""
        if now - self._renewed_at > MOST_TTL:
            self._channel.reinit()
            self._renewed_at = now

    def _on_socket(self, fd: int, readable: bool, writable: bool) -> None:
        if readable or writable:
            self._poller.watch(fd, (READ if readable else 0) | (WRITE if writable else 0), self._on_event)
        else:
            self._poller.forget(fd)

    def _on_event(self, fd: int, events: int) -> None:
        bad = pycares.ARES_SOCKET_BAD
        self._channel.process_fd(fd if events & ~WRITE else bad, fd if events & WRITE else bad)

    def _on_answer(self, question: Question, found: Any, error: int | None) -> None:
        waiting = self._asking.pop(question, [])
        answer: tuple[str, ...] | str = self._keep(question, found) if error is None else ()
        if not answer:
            reason = _reason(error)
            answer = f"The name {question[0]} could not be resolved: {reason}."
        for answered in waiting:
            answered(answer)

    def _keep(self, question: Question, found: Any) -> tuple[str, ...]:
        nodes = [node for node in found.nodes if node.family in (socket.AF_INET, socket.AF_INET6)]
        addresses = in_dialling_order({_text(node.addr[0]) for node in nodes})
        if not addresses:
            return ()
        ttl = min(max(min(node.ttl for node in nodes), LEAST_TTL), MOST_TTL)
        self._known[question] = _Known(addresses, time.monotonic() + ttl)
        self._known.move_to_end(question)
        if len(self._known) > MOST_NAMES:
            self._known.popitem(last=False)
        return addresses


def _reason(error: int | None) -> str:
    return "it has no address" if error is None else _text(pycares.errno.strerror(error)).lower()


def _text(address: bytes | str) -> str:
    return address.decode() if isinstance(address, bytes) else address
