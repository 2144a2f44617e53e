"""A sketch of latencies: how many fell between which powers of a base, so any percentile is read within 1 %. Pure.

The buckets are those of DDSketch (Masson, Rim, Lee: VLDB 2019) with α = 0.01, kept sparse. Merging adds counts, so the
order of merging does not matter. Latencies are milliseconds; below one microsecond all are alike.
"""

from collections.abc import Iterator, Mapping
from math import ceil, log

ACCURACY = 0.01
_GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
_PER_LOG = 1 / log(_GAMMA)
_MIDDLE = 2 / (_GAMMA + 1)
_MICROS = 1000.0
# `bucket_of` in PostgreSQL, of milliseconds in double precision.
BUCKET_SQL = f"CASE WHEN {{0}} * 1000 > 1 THEN ceil(ln({{0}} * 1000) * {_PER_LOG!r}::float8)::int ELSE 0 END"

Buckets = Mapping[int, int]


def bucket_of(milliseconds: float) -> int:
    """The number of the bucket that a latency falls into, 0 or more."""
    micros = milliseconds * _MICROS
    return ceil(log(micros) * _PER_LOG) if micros > 1 else 0


def value_of(bucket: int) -> float:
    """The milliseconds that differ from each latency of the bucket by 1 % at most."""
    return _MIDDLE * _GAMMA**bucket / _MICROS


def merge(into: dict[int, int], other: Buckets) -> None:
    """Adds `other` to `into`."""
    for bucket, count in other.items():
        into[bucket] = into.get(bucket, 0) + count


def percentiles(buckets: Buckets, shares: tuple[float, ...]) -> list[float]:
    """The nearest-rank percentiles of rising `shares` (0.95 is p95), in one pass; nothing for an empty sketch."""
    total, seen, found = sum(buckets.values()), 0, []
    if not total:
        return []
    ordered, ranks = iter(sorted(buckets.items())), [max(1, ceil(share * total)) for share in shares]
    bucket = 0
    for rank in ranks:
        while seen < rank:
            bucket, count = next(ordered)
            seen += count
        found.append(value_of(bucket))
    return found


def pack(buckets: Buckets) -> bytes:
    """Few bytes: the steps between buckets, each with a bit that says whether a count above 1 follows."""
    packed, last = bytearray(), 0
    for bucket, count in sorted(buckets.items()):
        packed += varint((bucket - last) << 1 | (count > 1))
        if count > 1:
            packed += varint(count)
        last = bucket
    return bytes(packed)


def unpack(packed: Iterator[int]) -> dict[int, int]:
    """The buckets of what `pack` made; reads `packed` to its end."""
    buckets, bucket = {}, 0
    for first in packed:
        step = read_varint(packed, first)
        bucket += step >> 1
        buckets[bucket] = read_varint(packed) if step & 1 else 1
    return buckets


def varint(number: int) -> bytes:
    """A whole number from 0 as LEB128."""
    if number < 0x80:
        return bytes((number,))
    packed = bytearray()
    while number >= 0x80:
        packed.append(number & 0x7F | 0x80)
        number >>= 7
    packed.append(number)
    return bytes(packed)


def read_varint(packed: Iterator[int], first: int | None = None) -> int:
    """The next number of `packed`; `first` is its first byte where that has been read."""
    byte = next(packed) if first is None else first
    number, shift = byte & 0x7F, 7
    while byte & 0x80:
        byte = next(packed)
        number |= (byte & 0x7F) << shift
        shift += 7
    return number
