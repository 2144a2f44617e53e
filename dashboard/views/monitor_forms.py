"""Making, editing and trying a monitor."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import Role
from common import clock
from common.invalid import Conflict, Invalid, NotAllowed
from dashboard.access import WorkspacePage
from dashboard.forms.monitor import MonitorForm, form_for, initial_of
from dashboard.views.monitor import OneMonitor
from monitors import checking, services
from monitors.kinds import kinds
from monitors.masking import unmasked
from monitors.models import Monitor
from monitors.probed import place_of
from monitors.results.evidence import assertions_of, phases_of

KIND = "http"


class MonitorCreate(WorkspacePage):
    """The form of a new monitor, of the type that the address names."""

    read_role = Role.MEMBER

    def get(self, request: HttpRequest) -> HttpResponse:
        kind = _kind(request.GET.get("type"))
        asked = {name: request.GET[name] for name in ("url", "host", "hostname") if name in request.GET}
        return _page(request, form_for(kind)(initial=asked))

    def post(self, request: HttpRequest) -> HttpResponse:
        kind = _kind(request.POST.get("type"))
        form = form_for(kind)(request.POST)
        if form.is_valid():
            fields = {"type": kind} | form.service_fields()
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
        return form_for(self.monitor.type)(data, initial=initial)


class MonitorTry(WorkspacePage):
    """Tries what the form describes; nothing is stored. A fragment for htmx, else the whole form with the result."""

    def post(self, request: HttpRequest) -> HttpResponse:
        return _tried(request, form_for(_kind(request.POST.get("type")))(request.POST), None)


class MonitorRetry(OneMonitor):
    """The same for a stored monitor, with its secrets where the form has their masks."""

    def post(self, request: HttpRequest, monitor_id: int) -> HttpResponse:
        monitor = self.monitor
        if monitor.type == "heartbeat":
            return redirect("heartbeat-edit", monitor_id)
        kept = monitor.region_states.values_list("region__key", flat=True)
        initial = {"interval_seconds": monitor.interval_seconds, "regions": list(kept)}
        return _tried(request, form_for(monitor.type)(request.POST, initial=initial), monitor)


def _tried(request: HttpRequest, form: MonitorForm, monitor: Monitor | None) -> HttpResponse:
    context = _context(form, monitor) | {"now": clock.now()}
    if form.is_valid():
        kept = kinds[monitor.type].settings_of(monitor) if monitor else None
        fields = {"type": form.kind.name} | form.service_fields(kept)
        if monitor and place_of(fields["settings"]) == place_of(monitor.settings):
            fields["settings"] = unmasked(form.kind.fields, fields["settings"], monitor.settings)
        try:
            result = checking.try_monitor(fields=fields, now=clock.now())
        except Invalid as invalid:
            form.add_invalid(invalid)
        else:
            context |= {"result": result, "phases": phases_of(result), "assertions": assertions_of(result)}
            context["facts"] = [(name, value) for name, value in result.facts.items() if name != "verdicts"]
    is_fragment = request.headers.get("HX-Request") == "true"
    return render(request, "dashboard/monitor_try.html" if is_fragment else "dashboard/monitor_form.html", context)


def _kind(name: str | None) -> str:
    """The type asked for, where it is one that is probed."""
    return name if name and name in kinds and kinds[name].is_probed else KIND


def _page(
    request: HttpRequest, form: MonitorForm, monitor: Monitor | None = None, *, status: int = 200
) -> HttpResponse:
    return render(request, "dashboard/monitor_form.html", _context(form, monitor), status=status)


def _context(form: MonitorForm, monitor: Monitor | None) -> dict[str, Any]:
    return {
        "nav_section": "monitors",
        "form": form,
        "kind": form.kind,
        "kinds": [kind for _, kind in kinds if kind.is_probed],
        "monitor": monitor,
    }
