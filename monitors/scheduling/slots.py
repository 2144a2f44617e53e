"""When a monitor's checks are due: a grid without drift, spread so that many monitors do not start together. Pure."""

_SPREAD = 2_654_435_761  # Knuth's multiplicative hash: neighbours land far apart


def offset_ms(monitor_id: int, region_id: int, interval_ms: int) -> int:
    """Where in its interval a monitor's slots lie in a region, 0 to `interval_ms` - 1."""
    return (monitor_id * _SPREAD + region_id * 40_503) % interval_ms


def next_slot(monitor_id: int, region_id: int, interval_seconds: int, after: float) -> float:
    """The first slot later than `after`, in epoch seconds; depends on nothing that was late before."""
    interval_ms = interval_seconds * 1000
    offset = offset_ms(monitor_id, region_id, interval_ms)
    passed = (round(after * 1000) - offset) // interval_ms
    return ((passed + 1) * interval_ms + offset) / 1000


def slots_until(interval_seconds: int, slot: float, now: float) -> int:
    """How many slots lie from `slot` on up to `now`; 0 while `slot` is still to come."""
    return max(0, int((now - slot) // interval_seconds) + 1)


def first_slot(monitor_id: int, region_id: int, now: float) -> float:
    """A new or resumed monitor is checked within a second, never in the same millisecond: somebody is waiting."""
    return now + (offset_ms(monitor_id, region_id, 1000) + 1) / 1000
