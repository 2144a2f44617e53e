"""Applies a change of status: the state, its history and the word to higher apps, in one transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitors import events
from monitors.models import Monitor, MonitorState, StatusChange
from monitors.storable import text


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
    """The history row, or None when `to` is the status already.

    The caller is in a transaction and holds the lock of `state`. `at` is when it happened, never before the last
    change; `evidence` (`cause`, `first_failure`, `last_good`) goes to whoever hears `status_changed`.
    """
    if state.status == to:
        return None
    at = max(at, state.status_since)
    reason = text(reason, 300)
    change = StatusChange.objects.create(monitor=monitor, at=at, before=state.status, after=to, reason=reason)
    state.status, state.status_since = to, at
    state.save(update_fields=["status", "status_since"])
    events.status_changed.send(sender=Monitor, monitor=monitor, change=change, evidence=dict(evidence or {}), now=now)
    return change
