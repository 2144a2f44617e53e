"""Monthly reports: the schedules of a workspace, what they sent, and each report."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from accounts.models import Role
from alerts import selectors
from alerts.api.report_schedules import pdf_download
from alerts.models import MonthlyReport, MonthlyReportState, ReportPurpose, ReportSchedule
from alerts.monthly import schedules as services
from alerts.monthly.months import Month
from common import clock
from common.invalid import Conflict
from dashboard.access import WorkspacePage
from dashboard.forms.report_schedule import ReportScheduleForm, schedule_initial
from dashboard.menus import report_schedule_menu
from dashboard.planned import offered_monitors
from monitors.models import ServiceGroup

PAGE_SIZE = 25
MOST_IDS = 2**63 - 1


class ReportSchedulePage(WorkspacePage):
    """Base: the schedule of the address, and its form."""

    def schedule(self) -> ReportSchedule:
        found = selectors.report_schedules(self.workspace).filter(pk=min(self.kwargs["schedule_id"], MOST_IDS)).first()
        if found is None:
            raise Http404("No report schedule of this workspace has this address.")
        return found

    def form(self, data: QueryDict | None, initial: dict[str, Any]) -> ReportScheduleForm:
        channels = selectors.channels(self.workspace).filter(is_owners=False).defer("config")
        groups = ServiceGroup.objects.in_workspace(self.workspace).order_by("name", "pk")
        monitors = offered_monitors(self.workspace, initial.get("monitor_ids", []))
        return ReportScheduleForm(data, initial=initial).offer(monitors, groups, channels)

    def show(self, form: ReportScheduleForm, schedule: ReportSchedule | None = None, status: int = 200) -> HttpResponse:
        context = {"nav_section": "alerts", "form": form, "schedule": schedule}
        return render(self.request, "dashboard/report_schedule_form.html", context, status=status)


class ReportScheduleList(WorkspacePage):
    """Schedules by name, then the reports that they made, newest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        found = selectors.monthly_reports(self.workspace).defer("pdf", "content")
        page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
        context = {
            "nav_section": "alerts",
            "now": clock.now(),
            "schedules": [(one, report_schedule_menu(one)) for one in selectors.report_schedules(self.workspace)],
            "reports": [(one, Month(one.month, one.timezone).name) for one in page.object_list],
            "is_waiting": any(one.state == MonthlyReportState.WAITING for one in page.object_list),
            "page": page,
        }
        return render(request, "dashboard/report_schedule_list.html", context)


class ReportScheduleCreate(ReportSchedulePage):
    """The form of a new schedule."""

    read_role = Role.MEMBER

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(self.form(None, {"timezone": self.request.user.timezone}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form(request.POST, {})
        made = form.saved(
            lambda: services.create_report_schedule(
                workspace=self.workspace, by=self.actor, now=clock.now(), fields=form.service_fields()
            )
        )
        if made is None:
            return self.show(form, status=400)
        messages.success(request, f"{made.name} is planned. Send it now to see what arrives.")
        return redirect("report-schedules")


class ReportScheduleEdit(ReportSchedulePage):
    """The form of an existing schedule."""

    read_role = Role.MEMBER

    def get(self, request: HttpRequest, schedule_id: int) -> HttpResponse:
        schedule = self.schedule()
        return self.show(self.form(None, schedule_initial(schedule)), schedule)

    def post(self, request: HttpRequest, schedule_id: int) -> HttpResponse:
        schedule = self.schedule()
        form = self.form(request.POST, schedule_initial(schedule))
        saved = form.saved(
            lambda: services.edit_report_schedule(
                schedule=schedule, by=self.actor, now=clock.now(), fields=form.service_fields()
            )
        )
        if saved is None:
            return self.show(form, schedule, 400)
        messages.success(request, f"{saved.name} is saved.")
        return redirect("report-schedules")


class ReportScheduleAct(ReportSchedulePage):
    """Send the last month now, make it to be looked at, or delete the schedule."""

    def post(self, request: HttpRequest, schedule_id: int, act: str) -> HttpResponse:
        schedule = self.schedule()
        try:
            told = getattr(self, f"_{act}")(schedule)
        except Conflict as conflict:
            messages.error(request, str(conflict))
        else:
            messages.success(request, told)
        return redirect("report-schedules")

    def _send(self, schedule: ReportSchedule) -> str:
        self._ask(schedule, ReportPurpose.BY_HAND)
        return "The last month's report is being made, and sent then. It is listed below."

    def _preview(self, schedule: ReportSchedule) -> str:
        self._ask(schedule, ReportPurpose.PREVIEW)
        return "The last month's report is being made, for you only. It is listed below."

    def _delete(self, schedule: ReportSchedule) -> str:
        services.delete_report_schedule(schedule=schedule, by=self.actor)
        return f"{schedule.name} and its reports are deleted."

    def _ask(self, schedule: ReportSchedule, purpose: ReportPurpose) -> None:
        services.ask_for_report(schedule=schedule, purpose=purpose, by=self.actor, now=clock.now())


class MonthlyReportPage(WorkspacePage):
    """One report as a page."""

    def get(self, request: HttpRequest, monthly_id: int) -> HttpResponse:
        report = self.report()
        context = {
            "nav_section": "alerts",
            "now": clock.now(),
            "report": report,
            "content": report.content,
            "month": Month(report.month, report.timezone).name,
        }
        return render(request, "dashboard/monthly_report.html", context)

    def report(self) -> MonthlyReport:
        found = selectors.monthly_reports(self.workspace).filter(pk=min(self.kwargs["monthly_id"], MOST_IDS)).first()
        if found is None:
            raise Http404("No report of this workspace has this address.")
        return found


class MonthlyReportFile(MonthlyReportPage):
    """Its PDF."""

    def get(self, request: HttpRequest, monthly_id: int) -> HttpResponse:
        report = self.report()
        if not report.pdf:
            raise Http404("This report has no file (yet).")
        return pdf_download(report)
