"""A monthly report by email: what its templates show, and the PDF that comes with it."""

from collections.abc import Mapping, Sequence
from typing import Any

from alerts.models import Delivery, MonthlyReport
from alerts.sending.mail import Attachment
from monitors.reports.words import lasting, percent

MOST_ROWS = 15
PDF = "application/pdf"


def attachments_of(delivery: Delivery) -> Sequence[Attachment]:
    """The report's PDF, while it is kept."""
    found = MonthlyReport.objects.filter(delivery=delivery).values_list("pdf", "month").first()
    return [Attachment(f"report-{found[1]:%Y-%m}.pdf", bytes(found[0]), PDF)] if found and found[0] else []


def report_context(report: Mapping[str, Any]) -> dict[str, Any]:
    """Figures in words; the monitors that did worst, as many as a mail shows well."""
    seen, before = report["availability"], report["previous"]
    listed = [(one["name"], percent(one["availability"]), _downs(one)) for one in report["monitors"][:MOST_ROWS]]
    return {
        "report": report,
        "url": report["url"],
        "figures": [
            ("Availability", percent(seen["availability"])),
            ("The month before", percent(before["availability"])),
            ("Downtime", lasting(seen["downtimeSeconds"])),
            ("Downtimes", f"{seen['incidentCount']:,}"),
            ("Incidents", f"{report['incidents']['opened']:,}"),
            ("Watched", percent(seen["coverage"])),
        ],
        "listed": listed,
        "more": report["monitorCount"] - len(listed),
    }


def _downs(one: Mapping[str, Any]) -> str:
    count = one["incidentCount"]
    return f"{lasting(one['downtimeSeconds'])} in {count:,}" if count else "no downtime"
