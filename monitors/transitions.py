"""Applies changes of status: the states, their history and the word to higher apps, in one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from common.bulk import create_rows, update_rows
from monitors import events
from monitors.events import Changed
from monitors.models import Monitor, MonitorState, StatusChange
from monitors.results.storable import text


class Turn(NamedTuple):
    """One step of a monitor to another status. `at` is when it happened, never before the last change.

    `evidence` (`cause`, `first_failure`, `last_good`) goes to whoever hears `statuses_changed`.
    """

    monitor: Monitor
    state: MonitorState
    to: str
    at: datetime
    reason: str = ""
    evidence: Mapping[str, Any] | None = None


def change_statuses(turns: Sequence[Turn], *, now: datetime) -> list[StatusChange]:
    """The history rows; a turn to the status that its monitor has already leaves none.

    The caller is in a transaction and holds the lock of each `state`. Costs the same few statements for one monitor
    and for hundreds; the turns of one monitor are applied in their order, one after the other.
    """
    changes: list[StatusChange] = []
    for round_ in _rounds(turns):
        changes += _apply([turn for turn in round_ if turn.state.status != turn.to], now)
    return changes


def change_status(
    *,
    monitor: Monitor,
    state: MonitorState,
    to: str,
    at: datetime,
    now: datetime,
    reason: str = "",
    evidence: Mapping[str, Any] | None = None,
) -> StatusChange | None:
    """As `change_statuses` for one turn: its history row, or None when `to` is the status already."""
    return next(iter(change_statuses([Turn(monitor, state, to, at, reason, evidence)], now=now)), None)


def _rounds(turns: Sequence[Turn]) -> Iterator[list[Turn]]:
    """The first turn of every monitor, then the second of those that have one, and so on."""
    while turns:
        first = {turn.state.pk: turn for turn in reversed(turns)}
        yield [turn for turn in turns if turn is first[turn.state.pk]]
        turns = [turn for turn in turns if turn is not first[turn.state.pk]]


def _apply(turns: Sequence[Turn], now: datetime) -> list[StatusChange]:
    """Turns of different monitors."""
    if not turns:
        return []
    changes = create_rows(_row(turn) for turn in turns)
    for turn, change in zip(turns, changes, strict=True):
        turn.state.status, turn.state.status_since = change.after, change.at
    states = [(turn.state.pk, turn.state.status, turn.state.status_since) for turn in turns]
    update_rows(MonitorState, "monitor", ("status", "status_since"), states)
    changed = [Changed(turn.monitor, change, turn.evidence or {}) for turn, change in zip(turns, changes, strict=True)]
    events.statuses_changed.send(sender=Monitor, changes=changed, now=now)
    return changes


def _row(turn: Turn) -> StatusChange:
    return StatusChange(
        monitor=turn.monitor,
        at=max(turn.at, turn.state.status_since),
        before=turn.state.status,
        after=turn.to,
        reason=text(turn.reason, 300),
    )
