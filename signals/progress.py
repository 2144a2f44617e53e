"""How a heartbeat moves on: what one signal, the clock or a spell of blindness makes of it. No database, no clock.

`Progress` is a working copy of one heartbeat's state. Each function changes it and notes the steps it took; whoever
holds the rows then writes what is in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from common.times import spoken
from monitors import status
from signals import runs, schedules
from signals.mail import payload as mail

WATCHED = (status.OK, status.LATE, status.RESUMED, status.UNKNOWN)


class Rules(NamedTuple):
    """What is expected of a heartbeat."""

    schedule: Mapping[str, Any]
    grace_seconds: int
    failure_tolerance: int
    max_runtime_seconds: int | None
    methods: tuple[str, ...]
    filters: Mapping[str, Any]


class Observed(NamedTuple):
    """One stored signal, as far as the rules look at it."""

    type: str
    at: datetime
    method: str = ""
    body: str = ""
    rid: str | None = None
    exit_status: int | None = None


class Step(NamedTuple):
    """One change of status."""

    to: str
    at: datetime
    reason: str


class Word(NamedTuple):
    """A signal that the platform itself writes."""

    type: str
    at: datetime
    metadata: dict[str, Any]


class Verdict(NamedTuple):
    """What a signal turned out to be: its effective type, how long the run took, and why its type changed."""

    type: str
    duration_ms: int | None = None
    note: str = ""


@dataclass(slots=True)
class Progress:
    """One heartbeat on its way."""

    rules: Rules
    status: str
    next_due_at: datetime | None
    failures: int = 0
    open_runs: list[runs.Run] = field(default_factory=list)
    last_started_at: datetime | None = None
    last_duration_ms: int | None = None
    steps: list[Step] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)

    @property
    def attention_at(self) -> datetime | None:
        """When the clock can next change it; None when it cannot."""
        if self.status == status.PAUSED:
            return None
        due = status.attention_after(self.status, next_due_at=self.next_due_at, grace_seconds=self.rules.grace_seconds)
        run = runs.next_deadline(self.open_runs, self.rules.max_runtime_seconds)
        return min((one for one in (due, run and run + status.DEADLINE_BUFFER) if one), default=None)

    @property
    def is_steady(self) -> bool:
        """Whether a plain ping may only move the deadline on."""
        rules = self.rules
        is_plain = schedules.interval_of(rules.schedule) is not None and not rules.methods and not rules.filters
        return self.status == status.OK and is_plain and not self.failures and not self.open_runs

    def turn(self, to: str, at: datetime, reason: str) -> None:
        """Notes a change of status, if it is one."""
        if to != self.status:
            self.status = to
            self.steps.append(Step(to, at, reason))


def meaning(rules: Rules, signal: Observed) -> Verdict:
    """What a ping says under the filters: a method not asked for says nothing, a keyword may say failure or start."""
    if signal.type not in ("SUCCESS", "FAIL"):
        return Verdict(signal.type)
    if rules.methods and signal.method not in rules.methods:
        return Verdict("LOG", note="method")
    if signal.type == "FAIL":
        return Verdict(signal.type)
    searched = [(text, words) for name, text in _texts(signal).items() if (words := rules.filters.get(name))]
    for said, key in (("FAIL", "failure"), ("START", "start"), ("SUCCESS", "success")):
        if any(word in text for text, words in searched for word in words.get(key, ())):
            return Verdict(said, note="keyword" if said != signal.type else "")
    needs_word = any(words.get("success") for _, words in searched)
    return Verdict("LOG", note="keyword") if needs_word else Verdict("SUCCESS")


def _texts(signal: Observed) -> dict[str, str]:
    """What keywords are looked for in, by the name of the filter; only mails have a subject."""
    if signal.method != mail.METHOD:
        return {"body": signal.body}
    subject, body = mail.read(signal.body)
    return {"subject": subject, "body": body}


def after_ping(progress: Progress, signal: Observed) -> Verdict:
    """Applies one signal that came from outside."""
    verdict = meaning(progress.rules, signal)
    if verdict.type == "START":
        progress.open_runs = runs.begun(progress.open_runs, rid=signal.rid, at=signal.at)
        progress.last_started_at = signal.at
    if verdict.type not in ("SUCCESS", "FAIL"):
        return verdict
    progress.open_runs, started_at = runs.ended(progress.open_runs, rid=signal.rid)
    if started_at is not None:
        duration_ms = max(0, round((signal.at - started_at).total_seconds() * 1000))
        verdict = verdict._replace(duration_ms=duration_ms)
        progress.last_duration_ms = duration_ms
    _judge(progress, verdict.type, signal.at, _reason(verdict.type, signal))
    if progress.status != status.PAUSED:
        progress.next_due_at = schedules.next_due(progress.rules.schedule, signal.at)
    return verdict


def _judge(progress: Progress, type: str, at: datetime, reason: str) -> None:
    progress.failures = progress.failures + 1 if type == "FAIL" else 0
    to = status.after_signal(
        progress.status, type, failures=progress.failures, tolerance=progress.rules.failure_tolerance
    )
    progress.turn(to, at, reason)


def _reason(type: str, signal: Observed) -> str:
    if type == "SUCCESS":
        return "Ping received"
    if signal.exit_status:
        return f"Ended with exit status {signal.exit_status}"
    return "Reported a failure"


def after_time(progress: Progress, now: datetime) -> None:
    """Applies the clock: runs that take too long, then the deadline, as many steps as are due."""
    if progress.status == status.PAUSED:
        return
    _after_runtime(progress, now)
    while True:
        to = status.after_clock(
            progress.status,
            next_due_at=progress.next_due_at,
            grace_seconds=progress.rules.grace_seconds,
            now=now,
        )
        if to == progress.status or progress.next_due_at is None:
            return
        progress.turn(to, now, f"No ping, expected by {spoken(progress.next_due_at)}")
        said = "SUSPECT" if to == status.LATE else "FAIL"
        progress.words.append(Word(said, now, {"reason": "overdue", "dueAt": progress.next_due_at.isoformat()}))


def _after_runtime(progress: Progress, now: datetime) -> None:
    limit = progress.rules.max_runtime_seconds
    progress.open_runs, newly = runs.overdue(
        progress.open_runs, max_runtime_seconds=limit, at=now - status.DEADLINE_BUFFER
    )
    for run in newly:
        progress.words.append(Word("FAIL", now, {"reason": "max_runtime", "maxRuntimeSeconds": limit, "rid": run[0]}))
        _judge(progress, "FAIL", now, f"Still running after {limit} seconds")


def after_blindness(progress: Progress, since: datetime, until: datetime) -> None:
    """Applies a spell in which no ping could arrive: a deadline that fell into it is unknown and moves on by it."""
    attention_at = progress.attention_at
    if attention_at is None or attention_at > until:
        return
    progress.open_runs = [[rid, started, True] for rid, started, _ in progress.open_runs]
    if progress.status not in WATCHED or progress.next_due_at is None:
        return
    progress.next_due_at = max(progress.next_due_at + (until - since), until)
    progress.turn(status.UNKNOWN, until, "Pings could not be received for a while")
