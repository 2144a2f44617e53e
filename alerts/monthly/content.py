"""What a monthly report holds: figures of its monitors and incidents, and its PDF."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from alerts.models import MonthlyReport, ReportCovers, ReportSchedule
from alerts.monthly.months import Month
from incidents.models import Incident
from monitors.models import Monitor
from monitors.reports.content import content_of
from monitors.reports.overview import overview_of
from monitors.reports.overview_pdf import overview_pdf
from monitors.reports.pdf import pdf_of


@dataclass(frozen=True, slots=True)
class Made:
    """A report as it is kept."""

    content: dict[str, Any]
    pdf: bytes


def covered(schedule: ReportSchedule) -> QuerySet[Monitor]:
    """The monitors that a schedule is about, as they are now."""
    found = Monitor.objects.filter(workspace=schedule.workspace_id)
    if schedule.covers == ReportCovers.MONITORS:
        return found.filter(pk__in=schedule.monitors.values("pk"))
    if schedule.covers == ReportCovers.SERVICE_GROUP:
        return found.filter(service_group=schedule.service_group_id) if schedule.service_group_id else found.none()
    return found


def month_of_report(report: MonthlyReport) -> Month:
    """The month that it is about."""
    return Month(report.month, report.timezone)


def make(report: MonthlyReport, schedule: ReportSchedule, *, now: datetime) -> Made:
    """Figures and PDF of the report's month. That of a single monitor is the performance report, with its charts."""
    month, monitors = month_of_report(report), covered(schedule)
    content = overview_of(monitors, since=month.since, until=month.until, before=month.previous.since, now=now) | {
        "incidents": _incidents(monitors, month)
    }
    only = monitors.first() if content["monitorCount"] == 1 else None
    if only is not None:
        return Made(content, pdf_of(content_of(only, since=month.since, until=month.until, now=now)))
    subtitle = f"{schedule.workspace.name}, {month.name} ({month.zone})"
    return Made(content, overview_pdf(content, title=schedule.name, subtitle=subtitle))


def _incidents(monitors: QuerySet[Monitor], month: Month) -> dict[str, Any]:
    """How many opened in the month, by kind."""
    opened = Incident.objects.filter(monitor__in=monitors, started_at__gte=month.since, started_at__lt=month.until)
    kinds = dict(opened.order_by("kind").values_list("kind").annotate(number=Count("pk")))
    return {"opened": sum(kinds.values()), "byKind": kinds}
