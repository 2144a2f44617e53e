"""The form of a report: from and to which day (UTC), and what to write it as."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms

from dashboard.forms.base import ServiceForm
from monitors.models import ReportFormat

_FORMATS = [(one, one.label) for one in (ReportFormat.PDF, ReportFormat.HTML, ReportFormat.CSV, ReportFormat.JSON)]


class ReportForm(ServiceForm):
    """Both days are part of the report."""

    pointers = {"/startDate": "since", "/endDate": "until", "/format": "format"}

    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}), help_text="Days in UTC.")
    format = forms.ChoiceField(label="Format", choices=_FORMATS)

    @staticmethod
    def last_month(now: datetime) -> dict[str, Any]:
        """The last 30 days."""
        today = now.astimezone(UTC).date()
        return {"since": (today - timedelta(days=29)).isoformat(), "until": today.isoformat(), "format": "pdf"}

    def service_fields(self) -> dict[str, Any]:
        """What the service takes; the day that ends it is included."""
        data = self.cleaned_data
        until = min(data["until"], datetime.max.date() - timedelta(days=1)) + timedelta(days=1)
        return {
            "format": data["format"],
            "since": datetime.combine(data["since"], time(), tzinfo=UTC),
            "until": datetime.combine(until, time(), tzinfo=UTC),
        }
