"""What an engine knows of a monitor while it checks it: a snapshot, and the cache that spares reading it each time."""

from collections.abc import Mapping
from dataclasses import dataclass
from sys import intern
from typing import Any

import orjson

from monitors.models import Monitor


@dataclass(frozen=True, slots=True)
class Watched:
    """One version of a monitor's configuration, as far as checking needs it."""

    monitor_id: int
    version: int
    type: str
    settings: Mapping[str, Any]
    interval_seconds: int
    timeout_ms: int
    fail_after: int
    resolve_after: int
    quorum: int | None
    latency_threshold_ms: int | None
    ssl_expiry_days: tuple[int, ...] = ()

    @classmethod
    def of(cls, monitor: Monitor) -> "Watched":
        """The snapshot of a monitor as it is read now."""
        return cls(
            monitor.pk,
            monitor.version,
            monitor.type,
            monitor.settings,
            monitor.interval_seconds,
            monitor.timeout_ms,
            monitor.fail_after_consecutive,
            monitor.resolve_after_consecutive_success,
            monitor.quorum,
            monitor.latency_threshold_ms,
            tuple(monitor.ssl_expiry_days),
        )

    def asks_the_same(self, other: "Watched") -> bool:
        """Whether a check of the other version looked at the same thing."""
        return (self.type, self.settings) == (other.type, other.settings)


_READ = (
    "version",
    "type",
    "settings",
    "interval_seconds",
    "timeout_ms",
    "fail_after_consecutive",
    "resolve_after_consecutive_success",
    "quorum",
    "latency_threshold_ms",
    "ssl_expiry_days",
)


class WatchedCache:
    """Snapshots by monitor id; one whose version is old is read again. For one thread.

    Most monitors differ in little but their target: parts of settings that are equal are kept once, and nobody may
    change them.
    """

    def __init__(self, most: int = 200_000, most_shared: int = 2000) -> None:
        self._most = most
        self._by_id: dict[int, Watched] = {}
        self._most_shared = most_shared
        self._shared: dict[bytes, Any] = {}

    def get_many(self, versions: Mapping[int, int]) -> dict[int, Watched]:
        """Snapshots of monitors {id: version}, with at most one query; a deleted monitor is left out."""
        missing = [pk for pk, version in versions.items() if self._version(pk) != version]
        if len(self._by_id) + len(missing) > self._most:
            self._by_id.clear()
            missing = list(versions)
        if missing:
            self._read(missing)
        return {pk: self._by_id[pk] for pk in versions if pk in self._by_id}

    def _read(self, ids: list[int]) -> None:
        for pk in ids:
            self._by_id.pop(pk, None)
        for monitor in Monitor.objects.filter(pk__in=ids).only(*_READ):
            # Each row comes with texts of its own, even of what all have in common.
            monitor.type = intern(monitor.type)
            monitor.settings = {intern(name): self._share(value) for name, value in monitor.settings.items()}
            self._by_id[monitor.pk] = Watched.of(monitor)

    def _share(self, part: Any) -> Any:
        if not isinstance(part, dict | list):
            return part
        if len(self._shared) >= self._most_shared:
            self._shared.clear()
        return self._shared.setdefault(orjson.dumps(part), part)

    def _version(self, monitor_id: int) -> int | None:
        found = self._by_id.get(monitor_id)
        return found.version if found else None
