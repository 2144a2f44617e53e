"""What is told of a monthly report: its title, a sentence, and the payload of its delivery."""

from collections.abc import Mapping
from typing import Any

from alerts import links
from alerts.models import MonthlyReport
from alerts.monthly.months import Month
from alerts.payloads import workspace_facts
from monitors.reports.words import lasting, percent


def title_of(name: str, month: Month, content: Mapping[str, Any]) -> str:
    """For example "Customer sites, October 2026: 99.982 % available"."""
    share = content["availability"]["availability"]
    return f"{name}, {month.name}: {'nothing was watched' if share is None else f'{percent(share)} available'}"


def sentence_of(content: Mapping[str, Any]) -> str:
    """The month in one or two sentences."""
    seen, before = content["availability"], content["previous"]["availability"]
    if seen["availability"] is None:
        return f"None of {_count(content['monitorCount'], 'monitor')} was watched in this month."
    downs = f"{_count(seen['incidentCount'], 'downtime')}, {lasting(seen['downtimeSeconds'])} in all"
    told = f"{_count(content['monitorCount'], 'monitor')}, {downs if seen['incidentCount'] else 'no downtime'}."
    return f"{told} The month before: {percent(before)}." if before is not None else told


def payload_of(report: MonthlyReport, content: Mapping[str, Any], month: Month) -> dict[str, Any]:
    """As every delivery's, without an incident; its own part is `report`."""
    return {
        "incident": None,
        "monitor": None,
        "workspace": workspace_facts(report.schedule.workspace),
        "message": sentence_of(content),
        "report": {
            "id": report.pk,
            "scheduleId": report.schedule_id,
            "name": report.schedule.name,
            "month": f"{month.first:%Y-%m}",
            "timezone": month.zone,
            "title": title_of(report.schedule.name, month, content),
            "url": links.monthly_report_url(report.pk),
            **content,
        },
    }


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
