"""Stores results: rows by the batch, one update of hot state, and the status where a result changes something."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from common.bulk import insert_rows, numbers, update_rows
from common.epoch import EpochSeconds
from monitors.models import Evidence, Monitor, MonitorState, Region, RegionState, StatusChange
from monitors.models import Result as StoredResult
from monitors.probes.base import Result
from monitors.results.counting import Counted, Key, StateRow, apart, count
from monitors.results.evidence import evidence_of
from monitors.results.facts import keep_facts
from monitors.results.learning import keep_answers, learned_of
from monitors.results.second_look import ask_elsewhere
from monitors.results.settling import settle
from monitors.results.storable import tidy
from monitors.rollups.rolling import note_late
from monitors.status import FRESH_INTERVALS
from monitors.watched import Watched

_RESULT_FIELDS = (
    "monitor",
    "region",
    "scheduled_at",
    "lag_ms",
    "loop_lag_ms",
    "ok",
    "failure_class",
    "detail",
    "status_code",
    "address",
    "latency_ms",
    "dns_ms",
    "connect_ms",
    "tls_ms",
    "first_byte_ms",
    "transfer_ms",
    "certificate_expires_at",
    "certificate_fingerprint",
)
_STATE_FIELDS = (
    "last_scheduled_at",
    "last_checked_at",
    "fresh_until",
    "is_down",
    "consecutive_failures",
    "consecutive_successes",
    "consecutive_slow",
    "last_failure_class",
    "last_status_code",
    "last_latency_ms",
    "certificate_expires_at",
    "good_evidence_at",
    "facts_mark",
    "findings_mark",
)
# The check is over: its monitor is free for any engine when the next one is due.
_FREED = '"claimable_at" = "next_check_at", "claimed_by" = NULL'
_LOCKED_FIELDS = StateRow._fields[:-2]
_LOCKED = [EpochSeconds(name) if name.endswith(("_at", "_until")) else name for name in _LOCKED_FIELDS]


@transaction.atomic
def record(results: Sequence[Result], *, now: datetime) -> list[StatusChange]:
    """Stores every result that counts and applies what follows; all of it or nothing. Returns the changes of status.

    A result counts once: one whose scheduled time is not later than its region's last is dropped, as are those of
    deleted and paused monitors and of a target that an edit has replaced. Latency of a late loop raises no alert.
    """
    rows = _lock(results)
    plain, others = apart([tidy(one) for one in results], rows)
    known = learned_of(others)
    counted = list(count(others, rows, _newer(others, rows), dict(known)))
    seen = [one for one, _ in plain] + [one.result for one in counted]
    insert_rows(StoredResult, _RESULT_FIELDS, [_result_row(one) for one in seen])
    note_late(((one.check.monitor_id, one.check.scheduled_at) for one in seen), now=now)
    latest = {one.before.pk: one for one in counted}
    states = [_steady_row(*one) for one in plain] + [_state_row(one) for one in latest.values()]
    update_rows(RegionState, "id", _STATE_FIELDS, states, also=_FREED)
    _keep_evidence(counted)
    _keep_facts(counted)
    keep_answers(counted, known)
    ask_elsewhere(counted, now)
    return settle([one for one in counted if one.may_change_status], now)


def _lock(results: Sequence[Result]) -> dict[Key, StateRow]:
    """The region states of these results, locked, by monitor and region.

    Status and version are read after the locks: whoever changes them holds the region states (`locking.py`).
    """
    monitors = {one.check.monitor_id for one in results}
    states = (
        RegionState.objects.filter(monitor__in=numbers(monitors), region__in={one.check.region_id for one in results})
        .order_by("pk")
        .select_for_update(of=("self",))
        .values_list(*_LOCKED)
    )
    locked: list[tuple[Any, ...]] = list(states)
    found = MonitorState.objects.filter(pk__in=numbers(monitors)).values_list("pk", "status", "monitor__version")
    now_in = {pk: (status, version) for pk, status, version in found}
    rows = [StateRow._make((*values, *now_in[values[1]])) for values in locked if values[1] in now_in]
    return {(row.monitor_id, row.region_id): row for row in rows}


def _newer(results: Iterable[Result], rows: Mapping[Key, StateRow]) -> dict[int, Watched]:
    """The present configuration of monitors that were edited after their check had been claimed."""
    checks = [one.check for one in results]
    found = [(one, row) for one in checks if (row := rows.get((one.monitor_id, one.region_id)))]
    edited = {one.monitor_id for one, row in found if row.version != one.context.version}
    return {one.pk: Watched.of(one) for one in Monitor.objects.filter(pk__in=edited)} if edited else {}


def _steady_row(result: Result, before: StateRow) -> tuple[object, ...]:
    return (
        before.pk,
        result.check.scheduled_at,
        result.finished_at,
        result.finished_at + FRESH_INTERVALS * result.check.context.interval_seconds,
        before.is_down,
        before.consecutive_failures,
        before.consecutive_successes + 1,
        before.consecutive_slow,
        "",
        result.status_code,
        result.latency_ms,
        result.certificate.not_after if result.certificate else before.certificate_expires_at,
        before.good_evidence_at,
        before.facts_mark,
        before.findings_mark,
    )


def _state_row(one: Counted) -> tuple[object, ...]:
    result, before = one.result, one.before
    return (
        before.pk,
        result.check.scheduled_at,
        result.finished_at,
        one.view.fresh_until,
        one.streak.is_down,
        one.streak.failures,
        one.streak.successes,
        one.streak.slow,
        result.failure_class or "",
        result.status_code,
        result.latency_ms,
        result.certificate.not_after if result.certificate else before.certificate_expires_at,
        result.finished_at if one.keeps_good else before.good_evidence_at,
        one.facts_mark,
        one.findings_mark,
    )


def _result_row(result: Result) -> tuple[object, ...]:
    phases, certificate = result.phases, result.certificate
    return (
        result.check.monitor_id,
        result.check.region_id,
        result.check.scheduled_at,
        result.lag_ms,
        result.loop_lag_ms,
        result.ok,
        result.failure_class or "",
        result.detail,
        result.status_code,
        result.address or "",
        result.latency_ms,
        phases.dns,
        phases.connect,
        phases.tls,
        phases.first_byte,
        phases.transfer,
        certificate.not_after if certificate else None,
        certificate.fingerprint[:64] if certificate else "",
    )


def _keep_facts(counted: Sequence[Counted]) -> None:
    changed = [one for one in counted if one.facts and one.facts_mark != one.before.facts_mark]
    keep_facts([(one.before.monitor_id, one.before.region_id, one.checked_at, one.facts) for one in changed])


def _keep_evidence(counted: Sequence[Counted]) -> None:
    """The last good check at most once an hour, and the first failed one of a streak."""
    kept = {
        (one.before.monitor_id, one.before.region_id, one.result.ok): one
        for one in counted
        if one.keeps_good or one.streak.failures == 1
    }
    if not kept:
        return
    names = dict(Region.objects.filter(pk__in={region for _, region, _ in kept}).values_list("pk", "key"))
    Evidence.objects.bulk_create(
        (
            Evidence(
                monitor_id=monitor_id,
                region_id=region_id,
                is_good=is_good,
                observed_at=one.checked_at,
                data=evidence_of(one.result, names[region_id]),
            )
            for (monitor_id, region_id, is_good), one in kept.items()
        ),
        update_conflicts=True,
        update_fields=["observed_at", "data"],
        unique_fields=["monitor", "region", "is_good"],
    )
