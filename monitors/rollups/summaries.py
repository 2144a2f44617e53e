"""What a stretch of checks comes to: counts, sums of phases, a sketch of latencies; merged, and few bytes. Pure."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from monitors.rollups import sketches

PHASES = ("dns", "connect", "tls", "first_byte", "transfer")
HOURS = 24
_MICROS = 1000


@dataclass(slots=True)
class Summary:
    """Of any number of checks. Latency and phases are of those that were good and took measurable time.

    Sums, `min_us` and `max_us` are whole microseconds, so that merging in any order gives the same.
    """

    checks: int = 0
    failures: int = 0
    count: int = 0
    total_us: int = 0
    min_us: int = 0
    max_us: int = 0
    phases_us: list[int] = field(default_factory=lambda: [0] * len(PHASES))
    buckets: dict[int, int] = field(default_factory=dict)

    def add(self, ok: bool, latency_ms: float | None, phases_ms: Iterable[float | None]) -> None:
        """One check; phases in the order of PHASES."""
        self.checks += 1
        if not ok:
            self.failures += 1
        if not ok or latency_ms is None:
            return
        micros = round(latency_ms * _MICROS)
        self.min_us = min(self.min_us, micros) if self.count else micros
        self.max_us = max(self.max_us, micros)
        self.count += 1
        self.total_us += micros
        for place, phase in enumerate(phases_ms):
            if phase:
                self.phases_us[place] += round(phase * _MICROS)
        bucket = sketches.bucket_of(latency_ms)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    def merge(self, other: "Summary") -> None:
        """Adds another one to this."""
        self.checks += other.checks
        self.failures += other.failures
        if not other.count:
            return
        self.min_us = min(self.min_us, other.min_us) if self.count else other.min_us
        self.max_us = max(self.max_us, other.max_us)
        self.count += other.count
        self.total_us += other.total_us
        self.phases_us = [one + two for one, two in zip(self.phases_us, other.phases_us, strict=True)]
        sketches.merge(self.buckets, other.buckets)

    @property
    def mean_ms(self) -> float | None:
        return self.total_us / self.count / _MICROS if self.count else None

    @property
    def min_ms(self) -> float | None:
        return self.min_us / _MICROS if self.count else None

    @property
    def max_ms(self) -> float | None:
        return self.max_us / _MICROS if self.count else None

    @property
    def phases_ms(self) -> dict[str, float | None]:
        """The mean of each phase."""
        sums = zip(PHASES, self.phases_us, strict=True)
        return {name: micros / self.count / _MICROS if self.count else None for name, micros in sums}

    def percentiles(self, *shares: float) -> list[float | None]:
        """Within 1 % of the nearest-rank percentiles of rising `shares`."""
        found = sketches.percentiles(self.buckets, shares)
        if not found:
            return [None] * len(shares)
        return [min(max(value, self.min_us / _MICROS), self.max_us / _MICROS) for value in found]


def merged(summaries: Iterable[Summary]) -> Summary:
    """All of them in a new one."""
    total = Summary()
    for one in summaries:
        total.merge(one)
    return total


def pack(summary: Summary) -> bytes:
    """About 70 bytes for an hour of a check a minute."""
    head = [summary.checks, summary.failures, summary.count, summary.total_us, summary.min_us]
    numbers = [*head, summary.max_us - summary.min_us, *summary.phases_us]
    return b"".join(map(sketches.varint, numbers)) + sketches.pack(summary.buckets)


def unpack(packed: bytes, *, counts_only: bool = False) -> Summary:
    """What `pack` was given; `counts_only` leaves out the latencies, which is many times faster."""
    rest = iter(packed)
    if counts_only:
        return Summary(sketches.read_varint(rest), sketches.read_varint(rest))
    checks, failures, count, total, least, span = (sketches.read_varint(rest) for _ in range(6))
    phases = [sketches.read_varint(rest) for _ in PHASES]
    return Summary(checks, failures, count, total, least, least + span, phases, sketches.unpack(rest))


def pack_hours(hours: Mapping[int, Summary]) -> bytes:
    """The hours of a day, by number, in one piece: 24 rows a day would be five times as large."""
    parts = []
    for hour in range(HOURS):
        packed = pack(hours[hour]) if hour in hours else b""
        parts.append(sketches.varint(len(packed)) + packed)
    return zlib.compress(b"".join(parts), 6)


def unpack_hours(packed: bytes, *, counts_only: bool = False) -> dict[int, Summary]:
    """What `pack_hours` was given; see `unpack`."""
    whole, at, hours = zlib.decompress(packed), 0, {}
    for hour in range(HOURS):
        length, shift = 0, 0
        while True:
            byte = whole[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if length:
            hours[hour] = unpack(whole[at : at + length], counts_only=counts_only)
            at += length
    return hours
