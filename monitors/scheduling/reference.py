"""Tells an outage of our own network from one of the targets: asks reference hosts when most targets fail at once."""

import logging
import socket
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from django.core.exceptions import ImproperlyConfigured

from monitors.probes.base import Result

log = logging.getLogger(__name__)

FEW = 5  # of fewer targets a common failure proves nothing
LOOKED_AT = 20  # targets seen last; a batch may hold one result only
MOST = 0.6
TIMEOUT_SECONDS = 2.0
ANSWER_HOLDS_SECONDS = 5.0
_CONNECTION_LEVEL = frozenset({"dns", "refused", "timeout", "reset", "unreachable"})


class OwnNetwork:
    """Knows the operator's reference hosts (`host:port`), up whenever our own network is. For one thread."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._given = self._hosts = split_hosts(hosts)
        self._failing: OrderedDict[int, bool] = OrderedDict()
        self._asked_at = 0.0
        self._was_up = True

    def use(self, hosts: str) -> None:
        """From now on ask these, as the region's row has them with commas; those of the start when it has none."""
        found = split_hosts(hosts.split(",")) or self._given
        if found != self._hosts:
            self._hosts, self._asked_at = found, 0.0

    def believable(self, results: Sequence[Result]) -> Sequence[Result]:
        """`results`, without those that failed on the way when our own network turns out to be down.

        What is left out was not looked at: the monitor becomes UNKNOWN when its last result is no longer fresh.
        """
        if not self._hosts:
            return results
        self._notice(results)
        failed = [one for one in results if one.failure_class in _CONNECTION_LEVEL]
        if not failed or not self._most_fail() or self._is_up():
            return results
        log.warning("Own network is down: %s of %s results are left out", len(failed), len(results))
        return [one for one in results if one.failure_class not in _CONNECTION_LEVEL]

    def _notice(self, results: Sequence[Result]) -> None:
        """Keeps the last word of the targets seen last; of a larger batch all of them."""
        for one in results:
            self._failing[one.check.monitor_id] = one.failure_class in _CONNECTION_LEVEL
            self._failing.move_to_end(one.check.monitor_id)
        while len(self._failing) > max(LOOKED_AT, len(results)):
            self._failing.popitem(last=False)

    def _most_fail(self) -> bool:
        return len(self._failing) >= FEW and sum(self._failing.values()) >= MOST * len(self._failing)

    def _is_up(self) -> bool:
        now = time.monotonic()
        if not self._asked_at or now - self._asked_at > ANSWER_HOLDS_SECONDS:
            self._was_up = _any_answers(self._hosts)
            self._asked_at = time.monotonic()
        return self._was_up


def _any_answers(hosts: Sequence[tuple[str, int]]) -> bool:
    """Within the timeout, also where the resolver of a broken network takes longer."""
    pool = ThreadPoolExecutor(len(hosts), "reference")
    try:
        done, _ = wait([pool.submit(_answers, host) for host in hosts], timeout=TIMEOUT_SECONDS + 0.5)
        return any(one.result() for one in done)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def split_hosts(hosts: Iterable[str]) -> list[tuple[str, int]]:
    """Names and ports of `host:port`, without empty ones. Raises ImproperlyConfigured where one has no port."""
    return [_split(host.strip()) for host in hosts if host.strip()]


def _split(host: str) -> tuple[str, int]:
    name, _, port = host.rpartition(":")
    if not name or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ImproperlyConfigured(f"Reference host {host!r} cannot be used. Give host:port, with commas.")
    return name.strip("[]"), int(port)


def _answers(host: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(host, timeout=TIMEOUT_SECONDS):
            return True
    except OSError:
        return False
