"""Writes lines of timelines."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from accounts.actor import SYSTEM, Actor
from common.bulk import create_rows
from incidents.models import Incident, TimelineEvent


class Line(NamedTuple):
    """One line to write; of `message` the first 500 characters are kept."""

    incident_id: int
    type: str
    message: str
    data: Mapping[str, Any] | None = None


def add_lines(lines: Sequence[Line], *, now: datetime, by: Actor = SYSTEM) -> list[TimelineEvent]:
    """One line more on each timeline, in one statement for all."""
    if not lines:
        return []
    return create_rows(
        [
            TimelineEvent(
                incident_id=line.incident_id,
                type=line.type,
                message=line.message[:500],
                actor=by.user,
                data=dict(line.data or {}),
                created_at=now,
            )
            for line in lines
        ]
    )


def add_timeline(
    *,
    incident: Incident,
    type: str,
    message: str,
    now: datetime,
    by: Actor = SYSTEM,
    data: Mapping[str, Any] | None = None,
) -> TimelineEvent:
    """One line more on the timeline."""
    return add_lines([Line(incident.pk, type, message, data)], now=now, by=by)[0]
