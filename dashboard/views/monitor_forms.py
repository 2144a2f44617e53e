"""Making, editing and trying a monitor."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import Role
from common import clock
from common.invalid import Conflict, Invalid, NotAllowed
from dashboard.access import WorkspacePage
from dashboard.forms.monitor import MonitorForm, initial_of
from dashboard.views.monitor import OneMonitor
from monitors import checking, services
from monitors.evidence import assertions_of, phases_of
from monitors.kinds import kinds
from monitors.masking import unmasked
from monitors.models import Monitor

KIND = "http"


class MonitorCreate(WorkspacePage):
    """The form of a new monitor."""

    read_role = Role.MEMBER

    def get(self, request: HttpRequest) -> HttpResponse:
        return _page(request, MonitorForm(initial={"url": request.GET.get("url", "")}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = MonitorForm(request.POST)
        if form.is_valid():
            fields = {"type": KIND} | form.service_fields()
            try:
                monitor = services.create_monitor(
                    workspace=self.workspace, by=self.actor, now=clock.now(), fields=fields
                )
            except Invalid as invalid:
                form.add_invalid(invalid)
            except NotAllowed as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, f"{monitor.name} is watched. The first result comes within a second.")
                return redirect("monitor", monitor.pk)
        return _page(request, form, status=400)


class MonitorEdit(OneMonitor):
    """The form of an existing monitor."""

    read_role = Role.MEMBER

    def get(self, request: HttpRequest, monitor_id: int) -> HttpResponse:
        if self.monitor.type == "heartbeat":
            return redirect("heartbeat-edit", monitor_id)
        return _page(request, self._form(), self.monitor)

    def post(self, request: HttpRequest, monitor_id: int) -> HttpResponse:
        monitor = self.monitor
        if monitor.type == "heartbeat":
            return redirect("heartbeat-edit", monitor_id)
        form = self._form(request.POST)
        if form.is_valid():
            fields = form.service_fields(kinds[monitor.type].settings_of(monitor))
            try:
                services.edit_monitor(monitor=monitor, by=self.actor, now=clock.now(), fields=fields)
            except Invalid as invalid:
                form.add_invalid(invalid)
            except (Conflict, NotAllowed) as conflict:
                form.add_error(None, str(conflict))
            else:
                messages.success(request, f"{fields['name']} is saved.")
                return redirect("monitor", monitor_id)
        return _page(request, form, monitor, status=400)

    def _form(self, data: Any = None) -> MonitorForm:
        initial = initial_of(self.monitor, kinds[self.monitor.type].settings_of(self.monitor))
        return MonitorForm(data, initial=initial)


class MonitorTry(WorkspacePage):
    """Tries what the form describes; nothing is stored. A fragment for htmx, else the whole form with the result."""

    def post(self, request: HttpRequest) -> HttpResponse:
        return _tried(request, MonitorForm(request.POST), None)


class MonitorRetry(OneMonitor):
    """The same for a stored monitor, with its secrets where the form has their masks."""

    def post(self, request: HttpRequest, monitor_id: int) -> HttpResponse:
        initial = {"interval_seconds": self.monitor.interval_seconds}
        return _tried(request, MonitorForm(request.POST, initial=initial), self.monitor)


def _tried(request: HttpRequest, form: MonitorForm, monitor: Monitor | None) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "nav_section": "monitors", "monitor": monitor, "now": clock.now()}
    if form.is_valid():
        kept = kinds[monitor.type].settings_of(monitor) if monitor else None
        fields = {"type": KIND} | form.service_fields(kept)
        if monitor and _origin(fields["settings"]["url"]) == _origin(monitor.target):
            fields["settings"] = unmasked(fields["settings"], monitor.settings)
        try:
            result = checking.try_monitor(fields=fields, now=clock.now())
        except Invalid as invalid:
            form.add_invalid(invalid)
        else:
            context |= {"result": result, "phases": phases_of(result), "assertions": assertions_of(result)}
    is_fragment = request.headers.get("HX-Request") == "true"
    return render(request, "dashboard/monitor_try.html" if is_fragment else "dashboard/monitor_form.html", context)


def _origin(url: str) -> str:
    """Scheme, host and port: a stored secret goes to no other place on trial."""
    return "/".join(url.split("/")[:3]).lower()


def _page(
    request: HttpRequest, form: MonitorForm, monitor: Monitor | None = None, *, status: int = 200
) -> HttpResponse:
    context = {"nav_section": "monitors", "form": form, "monitor": monitor}
    return render(request, "dashboard/monitor_form.html", context, status=status)
