"""What the group commit asks of a database: store a batch of pings in one transaction. Two short bodies."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

from signals.ingest.ping import Ping

SAME_WITHIN = timedelta(seconds=1)


class Outcome(NamedTuple):
    """What became of one ping. No `signal_id`: it repeats one that is stored."""

    heartbeat_id: int
    signal_id: int | None
    needs_settling: bool


class StoreUnavailable(Exception):
    """The database cannot be reached; whether the batch was stored may be unknown."""


def without_repeats(pings: Sequence[Ping]) -> tuple[list[Ping], list[int]]:
    """The pings of a batch without those that repeat an earlier one, and for each ping where its own now stands."""
    unique: list[Ping] = []
    standing: list[int] = []
    seen: dict[tuple[str, int], int] = {}
    for ping in pings:
        key = (ping.token, ping.digest)
        first = seen.get(key)
        if first is None or ping.created_at - unique[first].created_at >= SAME_WITHIN:
            first = seen[key] = len(unique)
            unique.append(ping)
        standing.append(first)
    return unique, standing


class Store(Protocol):
    """Stores pings durably. For one user at a time."""

    async def write(self, pings: Sequence[Ping]) -> list[Outcome | None]:
        """Outcomes in the order of `pings` (None: unknown token), once all of them are durable.

        Raises StoreUnavailable, or the database's own error when it cannot take one of the pings: then none is stored.
        """

    async def close(self) -> None:
        """Gives the connection back."""
