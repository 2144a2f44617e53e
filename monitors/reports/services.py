"""Reports asked for, made by whichever worker claims them, and dropped when they are old."""

import logging
from datetime import datetime, timedelta
from functools import partial

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts import audit
from accounts.actor import Actor
from accounts.models import Workspace
from common.claims import claim
from common.invalid import Conflict, FieldError, Invalid
from monitors.models import Monitor, Report, ReportFormat, ReportState
from monitors.reports.content import content_of
from monitors.reports.files import file_of

log = logging.getLogger(__name__)
LONGEST = timedelta(days=5 * 366)
MOST_WAITING = 20
MOST_ATTEMPTS = 3
_LEASE = timedelta(minutes=5)


def period_of(*, since: datetime | None, until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """The period asked for, the last 30 days where nothing is given; the end is now at most. Raises Invalid."""
    last = min(until or now, now)
    first = since or last - timedelta(days=30)
    if first >= last:
        raise Invalid([FieldError("/startDate", "invalid", "Must be before endDate and in the past.")])
    if last - first > LONGEST:
        raise Invalid([FieldError("/startDate", "too_long", "A report covers at most five years.")])
    return first, last


@transaction.atomic
def request_report(
    *, monitor: Monitor, format: str, since: datetime | None, until: datetime | None, by: Actor, now: datetime
) -> Report:
    """Asks for a file; a worker makes it soon. Raises Invalid, and Conflict while 20 of the workspace are waiting."""
    if format not in ReportFormat.values:
        raise Invalid([FieldError("/format", "invalid_choice", f"Must be one of: {', '.join(ReportFormat.values)}.")])
    first, last = period_of(since=since, until=until, now=now)
    if Report.objects.filter(workspace=monitor.workspace_id, state=ReportState.WAITING).count() >= MOST_WAITING:
        raise Conflict(f"{MOST_WAITING} reports of this workspace are being made; wait for one of them.")
    report = Report.objects.create(
        workspace=monitor.workspace,
        monitor=monitor,
        format=format,
        since=first,
        until=last,
        requested_by=by.user,
        created_at=now,
    )
    audit.record(by=by, workspace=monitor.workspace, verb="request", target=report)
    transaction.on_commit(_nudge, robust=True)
    return report


def make_reports(*, now: datetime) -> int:
    """Makes what waits, one after the other; returns how many are done."""
    made = 0
    while reports := claim(_due(now), limit=1, claimed_until=now + _LEASE):
        made += _make(reports[0], now)
    return made


def reports_of(workspace: Workspace) -> QuerySet[Report]:
    """A workspace's reports without their content, newest first."""
    found = Report.objects.in_workspace(workspace).select_related("monitor", "requested_by")
    return found.defer("content").order_by("-pk")


def drop_old_reports(*, now: datetime) -> int:
    """Deletes reports past their retention; returns how many."""
    before = now - timedelta(days=settings.REPORT_RETENTION_DAYS)
    return Report.objects.filter(created_at__lt=before).delete()[0]


def _due(now: datetime) -> QuerySet[Report, Report]:
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
    return Report.objects.filter(free, state=ReportState.WAITING).order_by("pk")


def _make(report: Report, now: datetime) -> bool:
    """Every attempt is counted before it, so that a report which kills its worker is given up too."""
    mine = Report.objects.filter(pk=report.pk, state=ReportState.WAITING)
    mine.update(attempts=F("attempts") + 1)
    finish = partial(mine.update, finished_at=now, claimed_until=None)
    if report.attempts >= MOST_ATTEMPTS:
        finish(state=ReportState.FAILED, error="It could not be made in three attempts.")
        return False
    try:
        content = content_of(report.monitor, since=report.since, until=report.until, now=now)
        written = file_of(content, report.format)
    except Exception:
        log.exception("Report %s could not be made", report.pk)
        if report.attempts + 1 >= MOST_ATTEMPTS:
            finish(state=ReportState.FAILED, error="It could not be made; the platform's log says why.")
        return False
    return bool(finish(state=ReportState.DONE, content=written))


def _nudge() -> None:
    """Beat asks every few seconds anyway, so a broker that is gone only costs those."""
    try:
        current_app.send_task("monitors.make_reports", expires=10, retry=False, ignore_result=True)
    except Exception:
        log.warning("The broker takes no nudge; the report is made at the next look.", exc_info=True)
