"""How durations, instants and evidence are written in messages. Pure."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def duration(seconds: float) -> str:
    """The two largest units: "3 min 12 s", "0 s"."""
    left, parts = int(max(seconds, 0)), []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def instant(text: str, zone: tzinfo) -> str:
    """An RFC 3339 instant in a reader's time zone: "21 Nov 2026, 22:47:03 UTC"."""
    at = datetime.fromisoformat(text).astimezone(zone)
    return f"{at.day} {at:%b %Y, %H:%M:%S %Z}"


def observed(evidence: Mapping[str, Any]) -> str:
    """What a check saw in a few words: "HTTP 500 in 84 ms", "Connection refused", or nothing."""
    if not evidence:
        return ""
    parts = []
    if evidence.get("statusCode"):
        parts.append(f"HTTP {evidence['statusCode']}")
    if evidence.get("latencyMs") is not None:
        parts.append(f"{'in ' if parts else 'Answered in '}{evidence['latencyMs']:.0f} ms")
    seen = " ".join(parts)
    detail = str(evidence.get("detail") or "")
    return f"{seen}: {detail}" if seen and detail else detail or seen


def differences(good: Mapping[str, Any], bad: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What changed between the last good check and the first failed one: (what, before, after)."""
    if not good or not bad:
        return []
    rows = []
    for label, name in (("Status code", "statusCode"), ("Address", "address"), ("Region", "region")):
        before, after = good.get(name), bad.get(name)
        if before != after:
            rows.append((label, _shown(before), _shown(after)))
    before, after = good.get("latencyMs"), bad.get("latencyMs")
    if before is not None or after is not None:
        rows.append(("Latency", _milliseconds(before), _milliseconds(after)))
    return rows


def _shown(value: Any) -> str:
    return "none" if value in (None, "") else str(value)


def _milliseconds(value: float | None) -> str:
    return "no answer" if value is None else f"{value:.0f} ms"
