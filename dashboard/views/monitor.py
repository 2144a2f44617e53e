"""The page of one monitor or heartbeat, its fresh results, and the acts on it."""

from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alerts.selectors import rules
from common import clock
from common.invalid import Conflict, NotAllowed
from dashboard import charts, learned, selectors
from dashboard.access import WorkspacePage
from dashboard.dependencies import needs_of
from dashboard.formats import milliseconds
from dashboard.menus import monitor_menu
from dashboard.planned import planned_marks, under_way, with_planned
from dashboard.regions import region_card
from dashboard.signal_log import signal_log
from dashboard.snippets import snippets
from dashboard.trends import trends_of
from dashboard.uptime import monitor_days, uptime_figures
from incidents.selectors import incidents, open_first
from monitors import checking, services
from monitors.figures import history
from monitors.kinds import kinds
from monitors.models import Monitor
from monitors.results.learning import accept_answer
from signals.models import SignalType

RECENT = 15
WITH_STATUS_CODE = frozenset({"http", "websocket", "grpc", "domain"})
MOST_CHANGES = 8
MOST_INCIDENTS = 6


class OneMonitor(WorkspacePage):
    """Base of what concerns one monitor: `self.monitor`, or 404."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.monitor_id = kwargs["monitor_id"]

    @cached_property
    def monitor(self) -> Monitor:
        found = Monitor.objects.in_workspace(self.workspace).select_related("state", "workspace", "heartbeat__state")
        monitor = found.filter(pk=self.monitor_id).first() if self.monitor_id < 2**63 else None
        if monitor is None:
            raise Http404("No monitor of this workspace has this address.")
        return monitor

    @property
    def section(self) -> str:
        return "heartbeats" if self.monitor.type == "heartbeat" else "monitors"

    def results(self) -> dict[str, Any]:
        """The chart of the last two hours, the last results, and what the last good and failed check saw."""
        monitor, now = self.monitor, clock.now()
        results = list(history.recent_results(monitor, now=now))
        shown, marks = [], []
        if results:
            since = results[-1].scheduled_at
            shown = list(incidents(self.workspace).filter(monitor=monitor, started_at__gte=since)[:MOST_INCIDENTS])
            marks = planned_marks(monitor, since=since, until=now)
        evidence = history.evidence_of(monitor)
        return {
            "now": now,
            "monitor": monitor,
            "chart": charts.latency_chart(results, monitor, shown, marks),
            "results": results[:RECENT],
            "has_code": monitor.type in WITH_STATUS_CODE,
            "result_count": len(results),
            "result_hint": f"{len(results):,} checks",
            "p95_ms": charts.percentile((one.latency_ms for one in results if one.ok), 0.95),
            "failed_evidence": evidence.get(False),
            "good_evidence": evidence.get(True),
        }


class MonitorPage(OneMonitor):
    """One monitor: figures, 90 days, latency or signals, last results, its history and who is told."""

    def get(self, request: HttpRequest, monitor_id: int) -> HttpResponse:
        monitor, now = self.monitor, clock.now()
        shown = list(open_first(incidents(self.workspace)).filter(monitor=monitor)[:MOST_INCIDENTS])
        days = with_planned(monitor_days(monitor, now=now), monitor, now=now)
        context: dict[str, Any] = {
            "nav_section": self.section,
            "now": now,
            "monitor": monitor,
            "monitor_kind": kinds[monitor.type],
            "settings": kinds[monitor.type].settings_of(monitor),
            "days": days,
            "figures": uptime_figures(monitor, now=now),
            "incident_count": sum(day["incident_count"] for day in days),
            "incidents": shown,
            "changes": selectors.status_history(monitor, most=MOST_CHANGES),
            "rules": rules(self.workspace).filter(monitor=monitor),
            "menu": monitor_menu(monitor, dialog="delete"),
            "under_way": under_way(monitor, now=now),
            "needs": needs_of(monitor, shown),
        }
        if monitor.type == "heartbeat":
            return render(request, "dashboard/heartbeat.html", context | self._signals())
        context |= self.results() | self._trends() | self._learned(now) | {"regions": region_card(monitor, now=now)}
        return render(request, "dashboard/monitor.html", context)

    def _trends(self) -> dict[str, Any]:
        return {"trends": trends_of(self.monitor, self.request.GET.get("period"), now=clock.now())}

    def _learned(self, now: datetime) -> dict[str, Any]:
        answers = learned.answers(self.monitor)
        return {
            "cards": learned.cards(self.monitor),
            "answers": answers,
            "is_waiting": any(one.waiting is not None for one in answers),
            "ping_charts": learned.ping_charts(self.monitor, now=now),
        }

    def _signals(self) -> dict[str, Any]:
        heartbeat = self.monitor.heartbeat
        state = heartbeat.state
        return {
            "heartbeat": heartbeat,
            "state": state,
            "log": signal_log(heartbeat, self.request.GET, now=clock.now()),
            "signal_types": SignalType.choices,
            "run_chart": charts.run_chart(heartbeat),
            "last_run": milliseconds(state.last_duration_ms),
            "last_run_hint": "From start to end" if state.last_duration_ms else "Needs a start signal",
            "snippets": snippets(heartbeat),
        }


class MonitorResults(OneMonitor):
    """What moves with every check, as a fragment that an open page fetches now and then."""

    def get(self, request: HttpRequest, monitor_id: int) -> HttpResponse:
        return render(request, "dashboard/monitor_results.html", self.results())


class MonitorAct(OneMonitor):
    """Pause, resume, check now or delete, by a button."""

    def post(self, request: HttpRequest, monitor_id: int, act: str) -> HttpResponse:
        name, section = self.monitor.name, self.section
        try:
            getattr(self, f"_{act}")(self.monitor)
        except (Conflict, NotAllowed) as conflict:
            messages.error(request, str(conflict))
            return redirect("monitor", monitor_id) if act == "accept" else redirect(section)
        if act == "delete":
            messages.success(request, f"{name} and its history are deleted.")
            return redirect(section)
        return redirect("monitor", monitor_id)

    def _pause(self, monitor: Monitor) -> None:
        services.pause(monitor=monitor, by=self.actor, now=clock.now())
        messages.success(self.request, f"{monitor.name} is paused.")

    def _resume(self, monitor: Monitor) -> None:
        services.resume(monitor=monitor, by=self.actor, now=clock.now())
        messages.success(self.request, f"{monitor.name} is watched again.")

    def _accept(self, monitor: Monitor) -> None:
        accept_answer(monitor=monitor, by=self.actor, now=clock.now())
        messages.success(self.request, "The new answer is the one to expect from now on.")

    def _check(self, monitor: Monitor) -> None:
        result = checking.check_now(monitor=monitor, by=self.actor, now=clock.now())
        took = f" in {milliseconds(result.latency_ms)}" if result.latency_ms is not None else ""
        said = f"Answered as expected{took}." if result.ok else f"Failed: {result.detail}"
        (messages.success if result.ok else messages.error)(self.request, said)

    def _delete(self, monitor: Monitor) -> None:
        services.delete_monitor(monitor=monitor, by=self.actor, now=clock.now())
