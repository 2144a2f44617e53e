"""What agent and platform say to each other, as JSON: checks one way, results the other. Pure."""

import base64
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from monitors.probes.base import (
    FAILURE_CLASSES,
    AssertionOutcome,
    Certificate,
    Check,
    Phases,
    Result,
)
from monitors.results.storable import json_value, number

_DATES = ("not_before", "not_after")
_PLAIN = ("lag_ms", "loop_lag_ms", "ok", "failure_class", "detail", "status_code", "address", "latency_ms",
          "first_look")  # fmt: skip


class Malformed(ValueError):
    """What came is no result of an agent."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a check of an agent carries along: what the platform must hear back with its result."""

    version: int
    scheduled_at: float  # by the platform's clock


def check_json(check: Check) -> dict[str, Any]:
    """A check with its monitor's settings, secrets included."""
    return {
        "monitorId": check.monitor_id,
        "version": check.context.version,
        "type": check.type,
        "settings": check.settings,
        "scheduledAt": check.scheduled_at,
        "timeoutMs": check.timeout_ms,
        "secondLook": check.second_look,
    }


def check_from(data: Mapping[str, Any], *, ahead: float) -> Check:
    """The check, at its time by a clock that is `ahead` seconds behind the platform's."""
    return Check(
        monitor_id=data["monitorId"],
        region_id=0,
        type=data["type"],
        settings=data["settings"],
        scheduled_at=data["scheduledAt"] - ahead,
        timeout_ms=data["timeoutMs"],
        second_look=data["secondLook"],
        context=Ticket(data["version"], data["scheduledAt"]),
    )


def result_json(result: Result, *, ahead: float) -> dict[str, Any]:
    """A result, its times by the platform's clock, which is `ahead` seconds before this machine's."""
    ticket: Ticket = result.check.context
    certificate = asdict(result.certificate) if result.certificate else None
    if certificate:
        certificate |= {name: certificate[name].timestamp() for name in _DATES}
    return {
        "monitor_id": result.check.monitor_id,
        "version": ticket.version,
        "scheduled_at": ticket.scheduled_at,
        "started_at": result.started_at + ahead,
        "finished_at": result.finished_at + ahead,
        **{name: _plain(getattr(result, name)) for name in _PLAIN},
        "phases": {name: number(value) for name, value in asdict(result.phases).items()},
        "certificate": certificate,
        "assertions": [json_value(asdict(one)) for one in result.assertions],
        "headers": [list(pair) for pair in result.headers],
        "body": base64.b64encode(result.body_excerpt).decode(),
        "redirects": list(result.redirects),
        "facts": json_value(result.facts),
    }


def result_from(data: Any, check: Check) -> Result:
    """The result of `check` as an agent sent it. Raises Malformed."""
    try:
        result = Result(
            check=check,
            started_at=_instant(data["started_at"]),
            finished_at=_instant(data["finished_at"]),
            **{name: data[name] for name in _PLAIN},
            phases=Phases(**{one.name: number(data["phases"][one.name]) for one in fields(Phases)}),
            certificate=_certificate(data["certificate"]),
            assertions=tuple(AssertionOutcome(**one) for one in data["assertions"]),
            headers=tuple((str(name), str(value)) for name, value in data["headers"]),
            body_excerpt=base64.b64decode(data["body"], validate=True),
            redirects=tuple(str(one) for one in data["redirects"]),
            facts=dict(data["facts"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as wrong:
        raise Malformed(f"not a result: {type(wrong).__name__} {wrong}") from wrong
    _judge(result)
    return result


def _judge(result: Result) -> None:
    if not isinstance(result.ok, bool) or result.failure_class not in (None, *FAILURE_CLASSES):
        raise Malformed("not a result: ok or failure_class")
    if not isinstance(result.detail, str) or not isinstance(result.address, str | None):
        raise Malformed("not a result: detail or address")
    for value in (result.lag_ms, result.loop_lag_ms, result.latency_ms, result.status_code):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise Malformed("not a result: a number")
    if result.lag_ms is None or result.loop_lag_ms is None or result.ok == bool(result.failure_class):
        raise Malformed("not a result: ok and failure_class")


def _certificate(data: Mapping[str, Any] | None) -> Certificate | None:
    if data is None:
        return None
    dates = {name: datetime.fromtimestamp(_instant(data[name]), UTC) for name in _DATES}
    return Certificate(**{**data, **dates, "names": tuple(data["names"])})


def _instant(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("no instant")
    return float(value)


def _plain(value: Any) -> Any:
    return number(value) if isinstance(value, float) else value
