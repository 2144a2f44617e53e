"""Reports of a monitor: asked for, listed, downloaded."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from common import clock
from common.invalid import Conflict, Invalid
from dashboard.forms.report import ReportForm
from dashboard.views.monitor import OneMonitor
from monitors.api.reports import download
from monitors.models import Report, ReportState
from monitors.reports.services import reports_of, request_report

SHOWN = 20


class ReportPage(OneMonitor):
    """Base: the reports of the address's monitor."""

    def found(self) -> Any:
        return reports_of(self.workspace).filter(monitor=self.monitor)


class ReportList(ReportPage):
    """The form of a new report, and those that are there."""

    def get(self, request: HttpRequest, monitor_id: int) -> HttpResponse:
        return self._show(ReportForm(initial=ReportForm.last_month(clock.now())))

    def post(self, request: HttpRequest, monitor_id: int) -> HttpResponse:
        form = ReportForm(request.POST)
        if form.is_valid():
            try:
                request_report(monitor=self.monitor, by=self.actor, now=clock.now(), **form.service_fields())
            except Invalid as invalid:
                form.add_invalid(invalid)
            except Conflict as conflict:
                form.add_error(None, str(conflict))
            else:
                messages.success(request, "The report is being made; it is below when it is ready.")
                return redirect("reports", monitor_id)
        return self._show(form, 400)

    def _show(self, form: ReportForm, status: int = 200) -> HttpResponse:
        reports: list[Report] = list(self.found()[:SHOWN])
        context = {
            "nav_section": self.section,
            "monitor": self.monitor,
            "form": form,
            "reports": reports,
            "is_waiting": any(one.state == ReportState.WAITING for one in reports),
        }
        return render(self.request, "dashboard/reports.html", context, status=status)


class ReportDownload(ReportPage):
    """The file of one report."""

    def get(self, request: HttpRequest, monitor_id: int, report_id: int) -> HttpResponse:
        report = self.found().filter(pk=min(report_id, 2**63 - 1), state=ReportState.DONE).first()
        if report is None:
            raise Http404("No report of this monitor has this address.")
        return download(report)
