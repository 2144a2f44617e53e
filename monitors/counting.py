"""Which results count, and what each says about its region: the step between probing and storing. Pure."""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from monitors import status
from monitors.findings import Finding, answer_of, findings_of
from monitors.findings import mark_of as mark_of_findings
from monitors.known import facts_of, mark_of
from monitors.probes.base import Result
from monitors.status import RegionView, Streak
from monitors.watched import Watched

GOOD_EVIDENCE_EVERY = timedelta(hours=1)
# Monitors that began together, as all do when an engine starts, would all write theirs together each hour.
_EVIDENCE_SPREAD_SECONDS = 1800


class StateRow(NamedTuple):
    """A region state as locked, then the status and the version of its monitor."""

    pk: int
    monitor_id: int
    region_id: int
    next_check_at: datetime
    claimable_at: datetime | None
    last_scheduled_at: datetime | None
    fresh_until: datetime | None
    is_down: bool | None
    consecutive_failures: int
    consecutive_successes: int
    consecutive_slow: int
    certificate_expires_at: datetime | None
    good_evidence_at: datetime | None
    facts_mark: int | None = None
    findings_mark: int | None = None
    status: str = status.NEW
    version: int = 0

    @property
    def view(self) -> RegionView:
        """The region as the quorum saw it before."""
        streak = Streak(self.is_down, self.consecutive_failures, self.consecutive_successes, self.consecutive_slow)
        return RegionView(streak, self.fresh_until, self.findings_mark is not None)


@dataclass(slots=True)
class Counted:
    """A result that counts: what was stored before it, the configuration it is judged by, the region after it."""

    result: Result
    before: StateRow
    watched: Watched
    view: RegionView
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


def count(
    results: Iterable[Result],
    rows: dict[tuple[int, int], StateRow],
    newer: Mapping[int, Watched],
    learned: MutableMapping[tuple[int, int], Any],
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
            last_scheduled_at=instant(result.check.scheduled_at),
            fresh_until=counted.view.fresh_until,
            is_down=counted.streak.is_down,
            consecutive_failures=counted.streak.failures,
            consecutive_successes=counted.streak.successes,
            consecutive_slow=counted.streak.slow,
            good_evidence_at=counted.checked_at if counted.keeps_good else row.good_evidence_at,
            facts_mark=counted.facts_mark,
            findings_mark=counted.findings_mark,
        )


def _counts(result: Result, row: StateRow) -> bool:
    is_paused = row.claimable_at is None
    last = row.last_scheduled_at
    return not is_paused and (last is None or instant(result.check.scheduled_at) > last)


def _judge(result: Result, row: StateRow, watched: Watched, learned: Any) -> Counted:
    checked_at = instant(result.finished_at)
    had_gap = row.fresh_until is not None and not status.is_fresh(row.fresh_until, now=instant(result.started_at))
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
    fresh_until = status.fresh_until(checked_at, interval_seconds=watched.interval_seconds)
    view = RegionView(streak, fresh_until, findings_mark is not None)
    kept = row.good_evidence_at
    keeps_good = result.ok and (kept is None or checked_at - kept > _evidence_age(row.monitor_id))
    return Counted(
        result=result,
        before=row,
        watched=watched,
        view=view,
        is_slow=is_slow,
        had_gap=had_gap,
        findings=findings,
        findings_mark=findings_mark,
        facts=facts,
        facts_mark=mark_of(facts) if facts else row.facts_mark,
        keeps_good=keeps_good,
    )


def _evidence_age(monitor_id: int) -> timedelta:
    return GOOD_EVIDENCE_EVERY + timedelta(seconds=monitor_id % _EVIDENCE_SPREAD_SECONDS)


def _is_slow(result: Result, threshold_ms: int | None) -> bool:
    if threshold_ms is None or result.latency_ms is None:
        return False
    return result.latency_ms - result.loop_lag_ms > threshold_ms


def instant(epoch_seconds: float) -> datetime:
    """Epoch seconds as an instant in UTC."""
    return datetime.fromtimestamp(epoch_seconds, UTC)
