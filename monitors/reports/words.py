"""How figures of a report are written for people."""

from datetime import datetime

NOTHING = "–"


def percent(share: float | None) -> str:
    """A share of 0 to 1, cut to three decimals: only a flawless period reads 100 %."""
    if share is None:
        return NOTHING
    return f"{int(share * 100_000) / 1000:.3f}".rstrip("0").rstrip(".") + " %"


def milliseconds(value: float | None) -> str:
    """84 ms, 1.24 s."""
    if value is None:
        return NOTHING
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def lasting(seconds: float | None) -> str:
    """Two largest units: 3 h 12 min."""
    if seconds is None:
        return NOTHING
    rest, parts = int(seconds), []
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def moment(text: str | None) -> str:
    """An RFC 3339 instant as 2026-03-02 12:00 UTC."""
    return NOTHING if text is None else f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"


def day(text: str, interval: str) -> str:
    """The start of a bucket, as short as its length allows."""
    start = datetime.fromisoformat(text)
    return f"{start.day} {start:{'%b %H:%M' if interval == 'hour' else '%b %Y'}}"


def thousands(number: int) -> str:
    """10,000."""
    return f"{number:,}"
