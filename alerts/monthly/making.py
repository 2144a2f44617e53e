"""Monthly reports: planned when they are due, made by whichever worker claims them, handed to the outbox once."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from alerts import outbox
from alerts.models import (
    AlertEvent,
    Delivery,
    MonthlyReport,
    MonthlyReportState,
    ReportPurpose,
    ReportSchedule,
)
from alerts.monthly.content import Made, covered, make, month_of_report
from alerts.monthly.months import month_of, next_due_at
from alerts.monthly.words import payload_of
from common.claims import claim

log = logging.getLogger("websignal.alerts")
MOST_PLANNED = 100
MOST_ATTEMPTS = 5
# Long enough for a report over ten thousand monitors; a worker that was killed costs as much.
LEASE = timedelta(minutes=30)
FIRST_RETRY, GROWTH = timedelta(minutes=1), 4
KEPT = timedelta(days=800)
NO_MONITORS = "There is nothing to report: it covers no monitor any more."
TURNED_OFF = "The schedule was turned off before the report was made."


@transaction.atomic
def plan_due(*, now: datetime) -> int:
    """One row for each schedule whose month is over, and its next date; returns how many.

    Both in one transaction: whoever is killed leaves either all or nothing, and a row stands for a month once.
    """
    due = ReportSchedule.objects.filter(next_due_at__lte=now).order_by("next_due_at", "pk")
    schedules = list(due.select_for_update(skip_locked=True, no_key=True)[:MOST_PLANNED])
    reports = [_planned(one, now) for one in schedules]
    MonthlyReport.objects.bulk_create(reports, ignore_conflicts=True)
    for schedule in schedules:
        schedule.next_due_at = next_due_at(schedule.next_due_at or now, schedule.timezone)
        schedule.save(update_fields=["next_due_at"])
    return len(reports)


def make_due(*, clock: Callable[[], datetime]) -> int:
    """Makes what waits, one after the other; returns how many were made."""
    made = 0
    while reports := claim(_waiting(now := clock()), limit=1, claimed_until=now + LEASE):
        made += _make(reports[0], clock)
    return made


def drop_old(*, now: datetime) -> int:
    """Deletes reports older than two years; returns how many."""
    return MonthlyReport.objects.filter(created_at__lt=now - KEPT).delete()[0]


def _planned(schedule: ReportSchedule, now: datetime) -> MonthlyReport:
    """The month before the date that has come, even where that was noticed months later."""
    month = month_of(schedule.next_due_at or now, schedule.timezone).previous
    return MonthlyReport(
        workspace_id=schedule.workspace_id,
        schedule=schedule,
        month=month.first,
        timezone=schedule.timezone,
        purpose=ReportPurpose.SCHEDULED,
        created_at=now,
    )


def _waiting(now: datetime) -> QuerySet[MonthlyReport, MonthlyReport]:
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
    return MonthlyReport.objects.filter(free, state=MonthlyReportState.WAITING).defer("pdf").order_by("pk")


def _make(report: MonthlyReport, clock: Callable[[], datetime]) -> bool:
    """Every attempt is counted before it, so that a report which kills its worker is given up too."""
    mine = MonthlyReport.objects.filter(pk=report.pk, state=MonthlyReportState.WAITING)
    mine.update(attempts=F("attempts") + 1)
    attempt = report.attempts + 1
    if attempt > MOST_ATTEMPTS:
        _end(mine, MonthlyReportState.FAILED, f"It could not be made in {MOST_ATTEMPTS} attempts.", clock())
        return False
    try:
        return _made(report, clock)
    except Exception:
        log.exception("Monthly report %s could not be made", report.pk)
    now = clock()
    if attempt == MOST_ATTEMPTS:
        _end(mine, MonthlyReportState.FAILED, "It could not be made; the platform's log says why.", now)
    else:
        mine.update(claimed_until=now + FIRST_RETRY * GROWTH ** (attempt - 1))
    return False


def _made(report: MonthlyReport, clock: Callable[[], datetime]) -> bool:
    schedule = ReportSchedule.objects.select_related("workspace").get(pk=report.schedule_id)
    mine = MonthlyReport.objects.filter(pk=report.pk, state=MonthlyReportState.WAITING)
    if report.purpose == ReportPurpose.SCHEDULED and not schedule.is_enabled:
        return _end(mine, MonthlyReportState.SKIPPED, TURNED_OFF, clock())
    if not covered(schedule).exists():
        return _end(mine, MonthlyReportState.SKIPPED, NO_MONITORS, clock())
    made = make(report, schedule, now=clock())
    return _hand_over(report, made, clock())


@transaction.atomic
def _hand_over(report: MonthlyReport, made: Made, now: datetime) -> bool:
    """What was made and its delivery commit together; whoever comes second finds the row done and adds nothing."""
    rows = MonthlyReport.objects.select_for_update(of=("self",), no_key=True).defer("pdf")
    found = rows.filter(pk=report.pk, state=MonthlyReportState.WAITING).select_related("schedule__workspace").first()
    if found is None:
        return False
    state, error, delivery = MonthlyReportState.DONE, "", None
    if found.purpose != ReportPurpose.PREVIEW:
        channel_id, error = _goes_to(found.schedule)
        delivery = _deliver(found, made, channel_id, now) if channel_id else None
        state = MonthlyReportState.DONE if delivery else MonthlyReportState.SKIPPED
    MonthlyReport.objects.filter(pk=found.pk).update(
        state=state,
        error=error[:300],
        content=made.content,
        pdf=made.pdf,
        delivery=delivery,
        finished_at=now,
        claimed_until=None,
    )
    return True


def _goes_to(schedule: ReportSchedule) -> tuple[int | None, str]:
    """The id of an enabled channel, or why there is none."""
    if schedule.channel_id is None:
        owners = outbox.owners_channels([schedule.workspace_id]).get(schedule.workspace_id)
        return owners, "" if owners else "The channel to the workspace's owners is disabled."
    channel = schedule.channel
    if channel is not None and channel.is_enabled:
        return channel.pk, ""
    return None, f"The channel is disabled. {channel.disabled_reason if channel else ''}".strip()


def _deliver(report: MonthlyReport, made: Made, channel_id: int, now: datetime) -> Delivery:
    occurrence = f"report:{report.pk}"
    outbox.plan(
        workspace=report.schedule.workspace,
        channels={channel_id: None},
        incident=None,
        event=AlertEvent.MONTHLY_REPORT,
        occurrence=occurrence,
        payload=payload_of(report, made.content, month_of_report(report)),
        now=now,
    )
    return Delivery.objects.defer("payload").get(channel=channel_id, occurrence=occurrence)


def _end(mine: QuerySet[MonthlyReport], state: MonthlyReportState, error: str, now: datetime) -> bool:
    return bool(mine.update(state=state, error=error, finished_at=now, claimed_until=None))
