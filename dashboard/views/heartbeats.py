"""Heartbeats: making and editing one, with the next runs shown before saving."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import Role
from common import clock
from common.invalid import Conflict, Invalid, NotAllowed
from dashboard.access import WorkspacePage
from dashboard.forms.heartbeat import HeartbeatForm, initial_of
from dashboard.views.monitor import OneMonitor
from monitors import services
from monitors.kinds import kinds
from monitors.models import Monitor
from signals.schedules import clean_schedule, next_runs

SHOWN_RUNS = 5


class HeartbeatCreate(WorkspacePage):
    """The form of a new heartbeat."""

    read_role = Role.MEMBER

    def get(self, request: HttpRequest) -> HttpResponse:
        return _page(request, HeartbeatForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = HeartbeatForm(request.POST)
        if form.is_valid():
            fields = {"type": "heartbeat"} | form.service_fields()
            try:
                monitor = services.create_monitor(
                    workspace=self.workspace, by=self.actor, now=clock.now(), fields=fields
                )
            except Invalid as invalid:
                form.add_invalid(invalid)
            except NotAllowed as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, f"{monitor.name} waits for its first ping.")
                return redirect("monitor", monitor.pk)
        return _page(request, form, status=400)


class HeartbeatEdit(OneMonitor):
    """The form of an existing heartbeat."""

    read_role = Role.MEMBER

    def get(self, request: HttpRequest, monitor_id: int) -> HttpResponse:
        monitor = self.monitor
        if monitor.type != "heartbeat":
            return redirect("monitor-edit", monitor.pk)
        shown = kinds["heartbeat"].settings_of(monitor)
        return _page(
            request, HeartbeatForm(initial=initial_of(monitor.name, monitor.description, monitor.tags, shown)), monitor
        )

    def post(self, request: HttpRequest, monitor_id: int) -> HttpResponse:
        monitor, form = self.monitor, HeartbeatForm(request.POST)
        if monitor.type != "heartbeat":
            return redirect("monitor-edit", monitor.pk)
        if form.is_valid():
            try:
                services.edit_monitor(monitor=monitor, by=self.actor, now=clock.now(), fields=form.service_fields())
            except Invalid as invalid:
                form.add_invalid(invalid)
            except (Conflict, NotAllowed) as conflict:
                form.add_error(None, str(conflict))
            else:
                messages.success(request, f"{form.cleaned_data['name']} is saved.")
                return redirect("monitor", monitor.pk)
        return _page(request, form, monitor, status=400)


class HeartbeatRuns(WorkspacePage):
    """The next expected runs of the schedule in the form, as a fragment; nothing is stored."""

    def post(self, request: HttpRequest) -> HttpResponse:
        form, now = HeartbeatForm(request.POST), clock.now()
        context: dict[str, Any] = {"form": form, "now": now}
        form.is_valid()
        if not {"kind", "interval_value", "interval_unit", "expression", "timezone"} & set(form.errors):
            try:
                schedule = clean_schedule(form.schedule(), now=now)
                context["runs"] = next_runs(schedule, now, SHOWN_RUNS)
            except Invalid as invalid:
                form.add_invalid(invalid)
        return render(request, "dashboard/heartbeat_runs.html", context)


def _page(
    request: HttpRequest, form: HeartbeatForm, monitor: Monitor | None = None, *, status: int = 200
) -> HttpResponse:
    context = {"nav_section": "heartbeats", "form": form, "monitor": monitor}
    return render(request, "dashboard/heartbeat_form.html", context, status=status)
