"""What a check of a target that answers warns about: its certificate, its registration, other records. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from common.times import spoken
from monitors.probes.base import Result

SSL, DNS = "SSL", "DNS"
# At most so many days left are so bad.
_SEVERITIES = ((1, "CRITICAL"), (7, "MAJOR"), (14, "MINOR"))
_DAY = 86_400
_LEARNABLE = {"dns": ("records", "expected", DNS), "ssh": ("host_key", "host_key", SSL)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One warning. `key` tells what it is about: another certificate is another warning of the same kind.

    `passed` is the day of the monitor's list that it has passed, counted from its end; 0 when that is past.
    """

    kind: str
    key: str
    severity: str
    detail: str
    passed: int | None = None


def findings_of(result: Result, days: Sequence[int], learned: Any = None) -> tuple[Finding, ...]:
    """The warnings of one result: at most one of a kind, the worst. `learned` is the last confirmed answer, if any."""
    found = [_objection(result), _other_answer(result, learned), _expiry(result, days)]
    by_kind: dict[str, Finding] = {}
    for one in found:
        if one is not None:
            by_kind.setdefault(one.kind, one)
    return tuple(by_kind.values())


def mark_of(findings: Sequence[Finding]) -> int | None:
    """A number that is another one when the warnings are; None without any."""
    if not findings:
        return None
    text = "\n".join(f"{one.kind} {one.key} {one.severity} {one.passed}" for one in findings)
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=7).digest())


def answer_of(result: Result) -> Any:
    """What a monitor without an expected answer compares with the one confirmed last; None for any other."""
    name, expected, _ = _LEARNABLE.get(result.check.type, ("", "", ""))
    if not name or result.check.settings.get(expected) is not None:
        return None
    answer = result.facts.get(name)
    return answer if result.ok else None


def _objection(result: Result) -> Finding | None:
    """A target that answers, but not with what is expected of its certificate or records."""
    if result.objection is None:
        return None
    key = result.certificate.fingerprint[:32] if result.certificate else "answer"
    return Finding(
        result.objection, f"{key}:invalid", "CRITICAL" if result.objection == SSL else "MAJOR", result.detail
    )


def _other_answer(result: Result, learned: Any) -> Finding | None:
    answer = answer_of(result)
    if answer is None or learned is None or answer == learned:
        return None
    kind = _LEARNABLE[result.check.type][2]
    what = "The host key" if kind == SSL else "The answer"
    detail = f"{what} is now {_told(answer)}; confirmed is {_told(learned)}."
    return Finding(kind, _told(answer)[:60], "MAJOR", detail)


def _told(answer: Any) -> str:
    text = ", ".join(map(str, answer)) if isinstance(answer, list | tuple) else str(answer)
    return (text or "nothing")[:200]


def _expiry(result: Result, days: Sequence[int]) -> Finding | None:
    ends_at, what, key = _end_of(result)
    if ends_at is None:
        return None
    left = (ends_at - datetime.fromtimestamp(result.started_at, UTC)).total_seconds() / _DAY
    if not any(left <= day for day in days):
        return None
    if left < 0:
        return Finding(SSL, key, "CRITICAL", f"{what} expired on {spoken(ends_at)}.", 0)
    passed = min(day for day in days if left <= day)
    severity = next((name for most, name in _SEVERITIES if passed <= most), "WARNING")
    count = int(left)
    told = "less than a day" if count == 0 else f"{count} day{'' if count == 1 else 's'}"
    return Finding(SSL, key, severity, f"{what} expires in {told}, on {spoken(ends_at)}.", passed)


def _end_of(result: Result) -> tuple[datetime | None, str, str]:
    """When the certificate, or for a domain monitor the registration, ends; what it is, and its key."""
    if result.check.type == "domain":
        text = result.facts.get("expires_at")
        return (datetime.fromisoformat(text) if text else None), "The registration", "registration"
    certificate = result.certificate
    if certificate is None:
        return None, "", ""
    return certificate.not_after, "The certificate", certificate.fingerprint[:32]


def worst(findings: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The most severe of several regions' warnings of one kind, and of those the nearest to its end."""
    order = ("CRITICAL", "MAJOR", "MINOR", "WARNING")
    return min(findings, key=lambda one: (order.index(one["severity"]), one["passed"] or 0))
