"""Heartbeats: making and editing one, with the next runs shown before saving."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.models import Role
from common import clock
from common.invalid import Invalid
from dashboard.access import WorkspacePage
from dashboard.forms.heartbeat import HeartbeatForm, initial_of
from dashboard.signal_log import signal_log
from dashboard.views.monitor import OneMonitor
from monitors import services
from monitors.kinds import kinds
from monitors.models import Monitor
from signals.models import SignalType
from signals.schedules import clean_schedule, next_runs

SHOWN_RUNS = 5
SCHEDULE_FIELDS = {"kind", "interval_value", "interval_unit", "expression", "timezone"}


class HeartbeatCreate(WorkspacePage):
    """The form of a new heartbeat."""

    read_role = Role.MEMBER

    def get(self, request: HttpRequest) -> HttpResponse:
        return _page(request, HeartbeatForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = HeartbeatForm(request.POST)
        if "preview" in request.POST:
            return _page(request, form, **_runs(form))
        monitor = form.saved(
            lambda: services.create_monitor(
                workspace=self.workspace,
                by=self.actor,
                now=clock.now(),
                fields={"type": "heartbeat"} | form.service_fields(),
            )
        )
        if monitor is None:
            return _page(request, form, status=400)
        messages.success(request, f"{monitor.name} waits for its first ping.")
        return redirect("monitor", monitor.pk)


class HeartbeatEdit(OneMonitor):
    """The form of an existing heartbeat."""

    read_role = Role.MEMBER

    def get(self, request: HttpRequest, monitor_id: int) -> HttpResponse:
        monitor = self.monitor
        if monitor.type != "heartbeat":
            return redirect("monitor-edit", monitor.pk)
        shown = kinds["heartbeat"].settings_of(monitor)
        initial = initial_of(monitor.name, monitor.description, monitor.tags, shown)
        return _page(request, HeartbeatForm(initial=initial), monitor)

    def post(self, request: HttpRequest, monitor_id: int) -> HttpResponse:
        monitor, form = self.monitor, HeartbeatForm(request.POST)
        if monitor.type != "heartbeat":
            return redirect("monitor-edit", monitor.pk)
        if "preview" in request.POST:
            return _page(request, form, monitor, **_runs(form))
        saved = form.saved(
            lambda: services.edit_monitor(monitor=monitor, by=self.actor, now=clock.now(), fields=form.service_fields())
        )
        if saved is None:
            return _page(request, form, monitor, status=400)
        messages.success(request, f"{form.cleaned_data['name']} is saved.")
        return redirect("monitor", monitor.pk)


class HeartbeatSignals(OneMonitor):
    """The log of signals as a fragment, which an open page fetches with each signal."""

    def get(self, request: HttpRequest, monitor_id: int) -> HttpResponse:
        monitor = self.monitor
        if monitor.type != "heartbeat":
            return redirect("monitor", monitor.pk)
        now = clock.now()
        context = {
            "now": now,
            "monitor": monitor,
            "log": signal_log(monitor.heartbeat, request.GET, now=now),
            "signal_types": SignalType.choices,
        }
        return render(request, "dashboard/signals_card.html", context)


class HeartbeatRuns(WorkspacePage):
    """The next expected runs of the schedule in the form, as a fragment; nothing is stored."""

    def post(self, request: HttpRequest) -> HttpResponse:
        form = HeartbeatForm(request.POST)
        return render(request, "dashboard/heartbeat_runs.html", {"form": form, **_runs(form)})


def _runs(form: HeartbeatForm) -> dict[str, Any]:
    """The next runs on the schedule's clock, each with the reader's where that differs; or what is wrong with it."""
    now = clock.now()
    form.is_valid()
    if not SCHEDULE_FIELDS & set(form.errors):
        try:
            schedule = clean_schedule(form.schedule(), now=now)
        except Invalid as invalid:
            form.add_invalid(invalid)
        else:
            return {"runs": [_both(run, schedule.get("timezone")) for run in next_runs(schedule, now, SHOWN_RUNS)]}
    is_empty = not form["expression"].value() and form["kind"].value() != "interval"
    wrong = [error for name in sorted(SCHEDULE_FIELDS) for error in form.errors.get(name, ())]
    return {"wrong": [] if is_empty else wrong}


def _both(run: datetime, zone: str | None) -> tuple[datetime, datetime | None]:
    here = timezone.localtime(run)
    there = run.astimezone(ZoneInfo(zone)) if zone else here
    return there, here if here.utcoffset() != there.utcoffset() else None


def _page(
    request: HttpRequest, form: HeartbeatForm, monitor: Monitor | None = None, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {"nav_section": "heartbeats", "form": form, "monitor": monitor, **more}
    return render(request, "dashboard/heartbeat_form.html", context, status=status)
