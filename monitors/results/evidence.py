"""What an incident keeps of a check: the facts a person compares, as JSON. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from common.names import camel
from common.times import rfc3339
from monitors.probes.base import Certificate, Result
from monitors.results.storable import json_value, number

_NESTED = frozenset({"certificate", "verdicts"})


def to_camel(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts with the names of the API; what a target wrote itself stays as it is."""
    return {
        camel(name): to_camel(value) if name in _NESTED and isinstance(value, Mapping) else value
        for name, value in facts.items()
    }


def cause_of(result: Result, region: str) -> dict[str, Any]:
    """Why a check failed, in short."""
    cause: dict[str, Any] = json_value(
        {
            "failureClass": result.failure_class,
            "detail": result.detail,
            "statusCode": result.status_code,
            "region": region,
            "address": result.address,
            "latencyMs": _rounded(result.latency_ms),
            "checkedAt": rfc3339(datetime.fromtimestamp(result.started_at, UTC)),
        }
    )
    return cause


def evidence_of(result: Result, region: str) -> dict[str, Any]:
    """All that a check saw: its cause, phases, headers, up to 4 KiB of body as text, each assertion's outcome."""
    seen: dict[str, Any] = json_value(
        {
            "phases": phases_of(result),
            "headers": [list(pair) for pair in result.headers],
            "body": result.body_excerpt.decode("utf-8", "replace"),
            "redirects": list(result.redirects),
            "assertions": assertions_of(result),
            "certificate": _camel_certificate(result),
            "facts": to_camel(result.facts),
        }
    )
    return cause_of(result, region) | seen


def certificate_of(result: Result) -> dict[str, Any] | None:
    """The certificate that was shown, in snake_case and as JSON that any database takes."""
    return None if result.certificate is None else dict(told(result.certificate))


# Most checks see the certificate that the last one saw: the probe keeps what it has read, and this what it is told as.
@lru_cache(maxsize=4096)
def told(certificate: Certificate) -> Mapping[str, Any]:
    """A certificate in snake_case and as JSON that any database takes; not to be changed."""
    seen: dict[str, Any] = json_value(_described(certificate))
    return seen


def _described(certificate: Certificate) -> dict[str, Any]:
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "names": list(certificate.names),
        "valid_from": rfc3339(certificate.not_before),
        "expires_at": rfc3339(certificate.not_after),
        "fingerprint": certificate.fingerprint,
        "serial": certificate.serial,
        "key": certificate.key,
    }


def _camel_certificate(result: Result) -> dict[str, Any] | None:
    found = certificate_of(result)
    return None if found is None else {camel(name): value for name, value in found.items()}


def phases_of(result: Result) -> dict[str, float | None]:
    """Durations in ms by phase; None where it was not reached."""
    phases = result.phases
    return {
        "dns": _rounded(phases.dns),
        "connect": _rounded(phases.connect),
        "tls": _rounded(phases.tls),
        "firstByte": _rounded(phases.first_byte),
        "transfer": _rounded(phases.transfer),
    }


def assertions_of(result: Result) -> list[dict[str, Any]]:
    """Each assertion with what it found."""
    return [
        {
            "source": one.source,
            "property": one.property,
            "comparison": one.comparison,
            "target": one.target,
            "actual": one.actual,
            "ok": one.ok,
        }
        for one in result.assertions
    ]


def _rounded(value: float | None) -> float | None:
    finite = number(value)
    return None if finite is None else round(finite, 2)
