"""Monitors and results as the API shows them; plain functions, for lists have a hundred."""

from collections.abc import Sequence
from typing import Any

from common import at_hand
from common.times import rfc3339
from monitors.api.casing import to_camel
from monitors.impact import is_impacted, put_impact_at_hand
from monitors.kinds import Kind, kinds
from monitors.models import Facts, LearnedAnswer, Monitor, RegionState, Result
from monitors.probes.base import Result as ProbeResult
from monitors.results.evidence import evidence_of
from monitors.results.evidence import to_camel as facts_to_camel

_OF_REGION = ("monitor_id", "region_id", "region__key")
_STATES = RegionState.objects.values_list(
    *_OF_REGION,
    "next_check_at",
    "last_checked_at",
    "last_failure_class",
    "last_status_code",
    "last_latency_ms",
    "certificate_expires_at",
    named=True,
)
_FACTS = Facts.objects.values_list("monitor_id", "region_id", "data", named=True)
_ANSWERS = LearnedAnswer.objects.values_list(
    *_OF_REGION, "answer", "learned_at", "waiting", "waiting_since", named=True
)
# What `monitor_json` reads besides the monitor and its state, by the name it has there.
_SHOWN: tuple[tuple[str, Any], ...] = (
    ("shown_states", _STATES.order_by("region_id")),
    ("shown_facts", _FACTS.filter(is_current=True)),
    ("shown_answers", _ANSWERS.order_by("region_id")),
)


def put_at_hand(monitors: Sequence[Any]) -> None:
    """Reads what `monitor_json` shows of monitors, all of one kind in one query."""
    for name, rows in _SHOWN:
        at_hand.put_at_hand(monitors, name, rows, "monitor_id")
    put_impact_at_hand(monitors)


def monitor_json(monitor: Any) -> dict[str, Any]:
    """One monitor with its `state` and what was put at hand; asks nothing of the database."""
    states: list[Any] = monitor.shown_states
    kind = kinds[monitor.type]
    settings = to_camel(kind.settings_of(monitor))
    return {
        "id": monitor.pk,
        "name": monitor.name,
        "type": monitor.type,
        **settings,
        "description": monitor.description,
        "paused": monitor.is_paused,
        "tags": monitor.tags,
        "serviceGroupId": monitor.service_group_id,
        **(_probing(monitor, states, kind) if kind.is_probed else {}),
        "escalationPolicyId": None,
        "dependsOn": [one.to_monitor_id for one in monitor.known_needs],
        "dependencyImpacted": is_impacted(monitor),
        "externalKey": monitor.external_key,
        "status": monitor.state.status,
        "statusSince": rfc3339(monitor.state.status_since),
        **_checked(monitor, states),
        "learnedAnswers": _learned(monitor),
        "createdAt": rfc3339(monitor.created_at),
        "updatedAt": rfc3339(monitor.updated_at),
    }


def _probing(monitor: Monitor, states: Sequence[Any], kind: Kind) -> dict[str, Any]:
    expiry = {} if "ssl_expiry_days" in getattr(kind, "unused", ()) else {"sslExpiryDays": monitor.ssl_expiry_days}
    return {
        "intervalSeconds": monitor.interval_seconds,
        "timeoutMs": monitor.timeout_ms,
        "regions": [state.region__key for state in states],
        "quorum": monitor.quorum,
        "failAfterConsecutive": monitor.fail_after_consecutive,
        "resolveAfterConsecutiveSuccess": monitor.resolve_after_consecutive_success,
        "latencyThresholdMs": monitor.latency_threshold_ms,
        **expiry,
    }


def _checked(monitor: Any, states: Sequence[Any]) -> dict[str, Any]:
    seen = [(state.last_checked_at, state) for state in states if state.last_checked_at is not None]
    last_at, last = max(seen, key=lambda pair: pair[0], default=(None, None))
    coming = [state.next_check_at for state in states if not monitor.is_paused]
    return {
        "lastCheckedAt": _instant(last_at),
        "nextCheckAt": _instant(min(coming, default=None)),
        "lastResult": None
        if last is None
        else {
            "region": last.region__key,
            "ok": not last.last_failure_class,
            "failureClass": last.last_failure_class or None,
            "statusCode": last.last_status_code,
            "latencyMs": _rounded(last.last_latency_ms),
            "certificateExpiresAt": _instant(last.certificate_expires_at),
            "checkedAt": _instant(last_at),
            "facts": _facts(monitor, last),
        },
    }


def _facts(monitor: Any, last: Any) -> dict[str, Any]:
    found: dict[str, Any] = next((one.data for one in monitor.shown_facts if one.region_id == last.region_id), {})
    return facts_to_camel(found)


def _learned(monitor: Any) -> list[dict[str, Any]]:
    return [
        {
            "region": one.region__key,
            "answer": one.answer,
            "learnedAt": rfc3339(one.learned_at),
            "waiting": one.waiting,
            "waitingSince": _instant(one.waiting_since),
        }
        for one in monitor.shown_answers
    ]


def check_json(result: ProbeResult, region: str) -> dict[str, Any]:
    """One check just made, with all that it saw."""
    return {"ok": result.ok, **evidence_of(result, region)}


def result_json(result: Result) -> dict[str, Any]:
    """One stored check; needs `region` at hand."""
    return {
        "id": result.pk,
        "scheduledAt": rfc3339(result.scheduled_at),
        "region": result.region.key,
        "ok": result.ok,
        "failureClass": result.failure_class or None,
        "detail": result.detail,
        "statusCode": result.status_code,
        "address": result.address or None,
        "latencyMs": _rounded(result.latency_ms),
        "lagMs": _rounded(result.lag_ms),
        "phases": {
            "dns": _rounded(result.dns_ms),
            "connect": _rounded(result.connect_ms),
            "tls": _rounded(result.tls_ms),
            "firstByte": _rounded(result.first_byte_ms),
            "transfer": _rounded(result.transfer_ms),
        },
        "certificateExpiresAt": _instant(result.certificate_expires_at),
        "certificateFingerprint": result.certificate_fingerprint or None,
    }


def _instant(value: Any) -> str | None:
    return None if value is None else rfc3339(value)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
