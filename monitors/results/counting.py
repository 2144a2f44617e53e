"""Which results count, and what each says about its region: the step between probing and storing. Pure.

Nearly all results change nothing. Those are told apart first, for a judgement costs ten times as much.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from common.epoch import as_stored
from monitors import status
from monitors.probes.base import Result
from monitors.results.findings import Finding, answer_of, findings_of
from monitors.results.findings import mark_of as mark_of_findings
from monitors.results.known import certificate_mark, facts_of, mark_of
from monitors.status import RegionView, Streak
from monitors.watched import Watched

Key = tuple[int, int]
GOOD_EVIDENCE_EVERY_SECONDS = 3600
# Monitors that began together, as all do when an engine starts, would all write theirs together each hour.
_EVIDENCE_SPREAD_SECONDS = 1800


class StateRow(NamedTuple):
    """A region state as locked, then the status and the version of its monitor; instants are epoch seconds."""

    pk: int
    monitor_id: int
    region_id: int
    claimable_at: float | None
    last_scheduled_at: float | None
    fresh_until: float | None
    is_down: bool | None
    consecutive_failures: int
    consecutive_successes: int
    consecutive_slow: int
    certificate_expires_at: float | None
    good_evidence_at: float | None
    facts_mark: int | None = None
    findings_mark: int | None = None
    status: str = status.NEW
    version: int = 0

    @property
    def view(self) -> RegionView:
        """The region as the quorum saw it before."""
        streak = Streak(self.is_down, self.consecutive_failures, self.consecutive_successes, self.consecutive_slow)
        until = None if self.fresh_until is None else instant(self.fresh_until)
        return RegionView(streak, until, self.findings_mark is not None)

    @property
    def is_well(self) -> bool:
        """Up, and nothing that would have to be ended by a good result."""
        return (
            self.status == status.OK
            and self.is_down is False
            and not self.consecutive_failures
            and not self.consecutive_slow
            and self.findings_mark is None
        )


@dataclass(slots=True)
class Counted:
    """A result that counts: what was stored before it, the configuration it is judged by, the region after it."""

    result: Result
    before: StateRow
    watched: Watched
    view: RegionView
    fresh_until: datetime
    is_slow: bool
    had_gap: bool
    findings: tuple[Finding, ...] | None  # None: it did not answer, so its warnings stay
    findings_mark: int | None
    facts: Mapping[str, Any]
    facts_mark: int | None
    keeps_good: bool = False

    @property
    def streak(self) -> Streak:
        return self.view.streak

    @property
    def checked_at(self) -> datetime:
        return instant(self.result.finished_at)

    @property
    def may_change_status(self) -> bool:
        """False only for the steady case: up and well before, up and well now."""
        before = self.before
        was_well = before.is_down is False and not before.consecutive_failures and not before.consecutive_slow
        steady = self.result.ok and not self.is_slow and not self.had_gap and was_well
        return not steady or before.status != status.OK or self.findings_mark != before.findings_mark


def apart(
    results: Sequence[Result], rows: Mapping[Key, StateRow]
) -> tuple[list[tuple[Result, StateRow]], list[Result]]:
    """The steady results, each with what was stored before it, and the others."""
    plain, others = [], []
    times = Counter([(one.check.monitor_id, one.check.region_id) for one in results])
    for result in results:
        key = (result.check.monitor_id, result.check.region_id)
        row = rows.get(key)
        if row is not None and times[key] == 1 and is_steady(result, row):
            plain.append((result, row))
        else:
            others.append(result)
    return plain, others


def is_steady(result: Result, row: StateRow) -> bool:
    """Whether a result counts and changes nothing but times: well before, well now, no evidence due, nothing new."""
    watched: Watched = result.check.context
    return (
        result.ok
        and result.objection is None
        and row.is_well
        and row.version == watched.version
        and _counts(result, row)
        and not _had_gap(result, row)
        and not _is_slow(result, watched.latency_threshold_ms)
        and not _is_evidence_due(result, row)
        and not result.facts
        and (result.certificate is None or _is_known_well(result, row, watched))
    )


def _is_known_well(result: Result, row: StateRow, watched: Watched) -> bool:
    is_known = result.certificate is not None and certificate_mark(result.certificate) == row.facts_mark
    return is_known and not findings_of(result, watched.ssl_expiry_days)


def count(
    results: Iterable[Result],
    rows: dict[Key, StateRow],
    newer: Mapping[int, Watched],
    learned: MutableMapping[Key, Any],
) -> Iterator[Counted]:
    """The results that count, in order of their scheduled time, each judged on what the one before it left.

    Dropped are those whose scheduled time is not later than their region's last, those of deleted and of paused
    monitors, and, where `newer` has the configuration of an edited monitor, those that looked at something else.
    `learned` are confirmed answers by monitor and region; a first one is added.
    """
    for result in sorted(results, key=lambda one: one.check.scheduled_at):
        key = (result.check.monitor_id, result.check.region_id)
        row, asked = rows.get(key), result.check.context
        watched: Watched = newer.get(key[0], asked)
        if row is None or not _counts(result, row) or not (watched is asked or watched.asks_the_same(asked)):
            continue
        if (answer := answer_of(result)) is not None:
            learned.setdefault(key, answer)
        counted = _judge(result, row, watched, learned.get(key))
        yield counted
        rows[key] = row._replace(
            last_scheduled_at=as_stored(result.check.scheduled_at),
            fresh_until=counted.fresh_until.timestamp(),
            is_down=counted.streak.is_down,
            consecutive_failures=counted.streak.failures,
            consecutive_successes=counted.streak.successes,
            consecutive_slow=counted.streak.slow,
            good_evidence_at=as_stored(result.finished_at) if counted.keeps_good else row.good_evidence_at,
            facts_mark=counted.facts_mark,
            findings_mark=counted.findings_mark,
        )


def _counts(result: Result, row: StateRow) -> bool:
    is_paused = row.claimable_at is None
    last = row.last_scheduled_at
    return not is_paused and (last is None or as_stored(result.check.scheduled_at) > last)


def _had_gap(result: Result, row: StateRow) -> bool:
    return row.fresh_until is not None and result.started_at >= row.fresh_until


def _is_evidence_due(result: Result, row: StateRow) -> bool:
    kept = row.good_evidence_at
    age = GOOD_EVIDENCE_EVERY_SECONDS + row.monitor_id % _EVIDENCE_SPREAD_SECONDS
    return result.ok and (kept is None or result.finished_at - kept > age)


def _judge(result: Result, row: StateRow, watched: Watched, learned: Any) -> Counted:
    had_gap = _had_gap(result, row)
    is_slow = _is_slow(result, watched.latency_threshold_ms)
    answers = result.ok or result.objection is not None
    findings = findings_of(result, watched.ssl_expiry_days, learned) if answers else None
    findings_mark = row.findings_mark if findings is None else mark_of_findings(findings)
    facts = facts_of(result)
    streak = status.after_result(
        Streak() if had_gap else row.view.streak,
        ok=answers,
        is_slow=is_slow,
        fail_after=watched.fail_after,
        resolve_after=watched.resolve_after,
    )
    fresh_until = status.fresh_until(instant(result.finished_at), interval_seconds=watched.interval_seconds)
    view = RegionView(streak, fresh_until, findings_mark is not None)
    return Counted(
        result=result,
        before=row,
        watched=watched,
        view=view,
        fresh_until=fresh_until,
        is_slow=is_slow,
        had_gap=had_gap,
        findings=findings,
        findings_mark=findings_mark,
        facts=facts,
        facts_mark=mark_of(facts) if facts else row.facts_mark,
        keeps_good=_is_evidence_due(result, row),
    )


def _is_slow(result: Result, threshold_ms: int | None) -> bool:
    if threshold_ms is None or result.latency_ms is None:
        return False
    return result.latency_ms - result.loop_lag_ms > threshold_ms


def instant(epoch_seconds: float) -> datetime:
    """Epoch seconds as an instant in UTC."""
    return datetime.fromtimestamp(epoch_seconds, UTC)
