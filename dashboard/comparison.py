"""What changed between the last good check and the first failed one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.formats import milliseconds

_FACTS = (
    ("Status code", "statusCode"),
    ("Verdict", "detail"),
    ("Response time", "latencyMs"),
    ("Address", "address"),
    ("Region", "region"),
)
_SLOWER = 2.0  # times; less than that is noise
_NOISE = frozenset(
    {"date", "age", "expires", "etag", "last-modified", "set-cookie", "x-request-id", "cf-ray", "content-length"}
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the comparison; `differs` is set in bold."""

    label: str
    good: str
    failed: str
    differs: bool


def differences(good: Mapping[str, Any], failed: Mapping[str, Any]) -> list[Fact]:
    """Facts of both checks side by side; headers only where they differ. Empty without a failed check.

    Bodies are not among them: they are too long for a cell.
    """
    if not failed:
        return []
    facts = [_fact(label, good.get(key), failed.get(key), key) for label, key in _FACTS]
    facts.append(_fact("Certificate until", _expiry(good), _expiry(failed), "certificate"))
    return [fact for fact in facts if fact.good or fact.failed] + _headers(good, failed)


def _fact(label: str, good: Any, failed: Any, key: str) -> Fact:
    return Fact(label, _shown(good, key), _shown(failed, key), bool(good) and _differs(good, failed, key))


def _differs(good: Any, failed: Any, key: str) -> bool:
    if key != "latencyMs":
        return bool(good != failed)
    return failed is None or failed > _SLOWER * good or good > _SLOWER * failed


def _shown(value: Any, key: str) -> str:
    if key == "latencyMs":
        return milliseconds(value) if value is not None else ""
    return "" if value is None else str(value)


def _expiry(evidence: Mapping[str, Any]) -> str:
    return str((evidence.get("certificate") or {}).get("expiresAt") or "")[:10]


def _headers(good: Mapping[str, Any], failed: Mapping[str, Any]) -> list[Fact]:
    if not good or not failed.get("headers"):
        return []
    before = {name.lower(): value for name, value in good.get("headers", [])}
    after = {name.lower(): value for name, value in failed.get("headers", [])}
    names = sorted((set(before) | set(after)) - _NOISE)
    return [
        Fact(f"Header {name}", before.get(name, ""), after.get(name, ""), True)
        for name in names
        if before.get(name) != after.get(name)
    ]
