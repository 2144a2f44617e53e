"""How things are, in one sentence. Pure."""

from collections.abc import Mapping, Sequence

from monitors.models import Status

_TROUBLE = ((Status.DOWN, "down"), (Status.LATE, "late"), (Status.DEGRADED, "degraded"), (Status.UNKNOWN, "unknown"))
_QUIET = ((Status.PAUSED, "paused"), (Status.NEW, "new"), (Status.RESUMED, "just resumed"))


def state_of(counts: Mapping[str, int], noun: str) -> str:
    """{"OK": 40, "DOWN": 2} is "2 are down"; {"OK": 42} of monitors is "All 42 monitors are fine"."""
    if trouble := _told(counts, _TROUBLE):
        return trouble
    fine = counts.get(Status.OK, 0)
    if fine:
        return f"The one {noun} is fine" if fine == 1 else f"All {fine:,} {noun}s are fine"
    if quiet := _told(counts, _QUIET):
        return quiet
    return f"No {noun}s yet"


def rest_of(counts: Mapping[str, int]) -> str:
    """What `state_of` leaves out: "40 are fine, 1 is paused"; empty when it says all."""
    fine = counts.get(Status.OK, 0)
    has_trouble = any(counts.get(status) for status, _ in _TROUBLE)
    told = [_are(fine, "fine")] if has_trouble and fine else []
    if fine or has_trouble:
        told.append(_told(counts, _QUIET))
    return ", ".join(part for part in told if part)


def open_incidents(count: int) -> str:
    """ "Nothing is wrong", "1 incident is open" or "3 incidents are open"."""
    if not count:
        return "Nothing is wrong"
    return "1 incident is open" if count == 1 else f"{count:,} incidents are open"


def dependencies_state(statuses: Sequence[str]) -> str:
    """ "1 is down, 3 are OK" or "All 4 are OK"; empty for none."""
    down, fine = statuses.count("DOWN"), statuses.count("OK")
    unknown = len(statuses) - down - fine
    if fine and fine == len(statuses):
        return "The one there is is OK" if fine == 1 else f"All {fine:,} are OK"
    words = ((down, "down"), (fine, "OK"), (unknown, "unknown"))
    return ", ".join(_are(count, word) for count, word in words if count)


def _told(counts: Mapping[str, int], words: tuple[tuple[Status, str], ...]) -> str:
    return ", ".join(_are(counts[status], word) for status, word in words if counts.get(status))


def _are(count: int, word: str) -> str:
    return f"{count:,} is {word}" if count == 1 else f"{count:,} are {word}"
