"""Politeness: so many checks at once to one address, and a queue for each address that is full."""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from common.web_address import BadWebAddress, parse_web_address
from monitors.probes.base import Check

Waiting = tuple[Check, float]  # and when it was due (time.monotonic())


class Seats:
    """`most` checks at once to an address; the others wait in the order they came, each monitor once.

    `address_of` says what a host is known to be; of one that is not known yet its name counts. For one thread.
    """

    def __init__(self, most: int | None, address_of: Callable[[str], str | None]) -> None:
        self._most = most
        self._address_of = address_of
        self._taken: Counter[str] = Counter()
        self._queues: dict[str, OrderedDict[tuple[int, int], Waiting]] = {}
        self._freed: deque[str] = deque()
        self._held = 0

    def __len__(self) -> int:
        return self._held

    @property
    def are_free(self) -> bool:
        """Whether somebody who waited can start now."""
        return bool(self._freed)

    def take(self, check: Check, due_at: float) -> str | None:
        """A seat, to be given back by its name; None when the check waits, or when its monitor waits already."""
        host = host_of(check) if self._most is not None else ""
        if self._most is None or not host:
            return ""
        name = self._address_of(host) or host
        if self._taken[name] < self._most and name not in self._queues:
            self._taken[name] += 1
            return name
        queue = self._queues.setdefault(name, OrderedDict())
        if (check.monitor_id, check.region_id) not in queue:
            # A lease that ran out meanwhile brings the check again; the one that has waited longer says the true lag.
            queue[check.monitor_id, check.region_id] = (check, due_at)
            self._held += 1
        return None

    def give_back(self, name: str) -> None:
        """Somebody who waits for this seat may have it."""
        if not name:
            return
        if name in self._queues:
            self._freed.append(name)
            return
        self._taken[name] -= 1
        if not self._taken[name]:
            del self._taken[name]

    def next(self, most: int) -> Iterator[tuple[str, Check, float]]:
        """Up to `most` of those whose turn it is: seat, check and when it was due."""
        for _ in range(min(most, len(self._freed))):
            name = self._freed.popleft()
            queue = self._queues.get(name)
            if queue is None:
                self.give_back(name)
                continue
            _, (check, due_at) = queue.popitem(last=False)
            self._held -= 1
            if not queue:
                del self._queues[name]
            yield name, check, due_at

    def rest(self) -> list[Check]:
        """Every check that waits."""
        return [check for queue in self._queues.values() for check, _ in queue.values()]


def host_of(check: Check) -> str:
    """The host that a check connects to first, in lower case; empty where its settings name none."""
    settings = check.settings
    if isinstance(url := settings.get("url"), str):
        return _host(url)
    host = settings.get("host") or settings.get("hostname") or ""
    return host.lower() if isinstance(host, str) else ""


def _host(url: str) -> str:
    try:
        # As the probe reads it next: that costs nothing any more.
        return parse_web_address(url).host
    except BadWebAddress:
        return _host_of_other_scheme(url)


def _host_of_other_scheme(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
