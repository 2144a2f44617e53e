"""Fourteen days that never were: believable outages from before the demo, so that bars and lists show something."""

import random
from datetime import datetime, timedelta

from incidents.models import EventType, Incident, Kind, Severity, State, TimelineEvent
from monitors.models import Monitor, MonitorState, Status, StatusChange

DAYS = 14
_REASON = "Made up for the demo"


def invent_past(monitor: Monitor, *, outages: int, now: datetime) -> None:
    """History of a monitor just made: OK for 14 days but for `outages`, each with its resolved incident."""
    since = now - timedelta(days=DAYS)
    Monitor.objects.filter(pk=monitor.pk).update(created_at=since)
    changes = [StatusChange(monitor=monitor, at=since, before=Status.NEW, after=Status.OK, reason=_REASON)]
    for start, end in _outages(monitor.name, outages, since, now):
        changes.append(StatusChange(monitor=monitor, at=start, before=Status.OK, after=Status.DOWN, reason=_REASON))
        changes.append(StatusChange(monitor=monitor, at=end, before=Status.DOWN, after=Status.OK, reason=_REASON))
        _incident(monitor, start, end)
    StatusChange.objects.bulk_create(changes)
    MonitorState.objects.filter(monitor=monitor).update(status=Status.OK, status_since=changes[-1].at)


def _outages(name: str, count: int, since: datetime, now: datetime) -> list[tuple[datetime, datetime]]:
    """Stretches in order that do not touch, the same for the same name."""
    chance = random.Random(name)  # noqa: S311
    days = sorted(chance.sample(range(1, DAYS - 1), count))
    starts = [since + timedelta(days=day, minutes=chance.randint(0, 20 * 60)) for day in days]
    return [(start, start + timedelta(minutes=chance.choice([2, 4, 7, 12, 35, 90]))) for start in starts]


def _incident(monitor: Monitor, start: datetime, end: datetime) -> None:
    """Rows rather than services: nobody is to be told of what never happened."""
    incident = Incident.objects.create(
        workspace=monitor.workspace,
        monitor=monitor,
        kind=Kind.DOWNTIME,
        severity=Severity.CRITICAL,
        state=State.RESOLVED,
        title=f"{monitor.name}: down",
        summary=_REASON,
        started_at=start,
        resolved_at=end,
    )
    lines = ((EventType.OPENED, start, incident.title), (EventType.RESOLVED, end, _REASON))
    TimelineEvent.objects.bulk_create(
        TimelineEvent(incident=incident, type=kind, created_at=at, message=message) for kind, at, message in lines
    )
