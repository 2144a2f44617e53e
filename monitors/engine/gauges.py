"""How the engine feels: late starts and loop turns, measured in bounded memory."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log
from threading import Lock

_WINDOWS, _WINDOW_SECONDS = 6, 10.0
_BUCKETS, _GROWTH, _LEAST_MS = 120, 1.1, 0.1
_LOG_GROWTH = log(_GROWTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStats:
    """What the engine is doing right now. Lags are in ms; percentiles are of the last minute, within 10 %."""

    in_flight: int
    scheduled: int
    held: int  # due, but their address has as many connections as it may
    checks_total: int
    broken_total: int  # checks that ended by an error of ours: no result, looked at again when their lease ends
    lag_p50_ms: float
    lag_p99_ms: float
    loop_lag_ms: float
    buffered_results: int
    dropped_results: int
    restarts: int


class LagWindow:
    """Late starts of the last minute, as six histograms of ten seconds; for any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._windows: deque[list[int]] = deque([[0] * _BUCKETS], maxlen=_WINDOWS)
        self._turned_at = time.monotonic()

    def add(self, lag_ms: float) -> None:
        """Count one start."""
        bucket = 0 if lag_ms <= _LEAST_MS else min(ceil(log(lag_ms / _LEAST_MS) / _LOG_GROWTH), _BUCKETS - 1)
        with self._lock:
            self._turn()
            self._windows[-1][bucket] += 1

    def percentiles(self, shares: Sequence[float]) -> list[float]:
        """The lag (ms) that each share of starts stayed under; 0 when there were none."""
        with self._lock:
            self._turn()
            counts = [sum(column) for column in zip(*self._windows, strict=True)]
        return [_percentile(counts, share) for share in shares]

    def _turn(self) -> None:
        since = time.monotonic() - self._turned_at
        if since < _WINDOW_SECONDS:
            return
        passed = int(since // _WINDOW_SECONDS)
        self._turned_at += passed * _WINDOW_SECONDS
        for _ in range(min(passed, _WINDOWS)):
            self._windows.append([0] * _BUCKETS)


def _percentile(counts: Sequence[int], share: float) -> float:
    wanted, seen = share * sum(counts), 0
    if not wanted:
        return 0.0
    for bucket, count in enumerate(counts):
        seen += count
        if seen >= wanted:
            return float(_LEAST_MS * _GROWTH**bucket)
    return float(_LEAST_MS * _GROWTH ** (_BUCKETS - 1))


class Turns:
    """The longest turn of the loop within the last one to two seconds: how long an event may have waited."""

    def __init__(self) -> None:
        self._before = self._now = 0.0
        self._second = time.monotonic()

    def add(self, ended_at: float, seconds: float) -> None:
        """Count one turn."""
        if ended_at - self._second >= 1:
            self._before, self._now, self._second = self._now, 0.0, ended_at
        self._now = max(self._now, seconds)

    @property
    def longest_ms(self) -> float:
        """In ms."""
        return max(self._before, self._now) * 1000
