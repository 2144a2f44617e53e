"""The lists of monitors and of heartbeats: status, uptime bar, last latency; by status, tag or search."""

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common import clock
from common.json_lists import holding
from dashboard import selectors
from dashboard.access import WorkspacePage
from dashboard.faces import face
from dashboard.sentences import rest_of, state_of
from monitors.models import Monitor, Status

PAGE_SIZE = 100
FILTERS = ("search", "status", "tag")
STATUSES = [(status.value, face(status.value).word) for status in Status]


class MonitorList(WorkspacePage):
    """Probed monitors, those in trouble first."""

    nav_section = "monitors"
    heartbeats = False
    template_name = "dashboard/monitor_list.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        now = clock.now()
        counts, tags = selectors.counts_and_tags(self.workspace, heartbeats=self.heartbeats)
        total, paginator = sum(counts.values()), Paginator(self._found(), PAGE_SIZE)
        if not any(request.GET.get(name) for name in FILTERS):
            paginator.count = total  # counted already
        page = paginator.get_page(request.GET.get("page"))
        context = {
            "nav_section": self.nav_section,
            "now": now,
            "page": page,
            "rows": selectors.monitor_rows(list(page.object_list), now=now, heartbeats=self.heartbeats),
            "sentence": state_of(counts, self.nav_section[:-1]),
            "rest": rest_of(counts),
            "total": total,
            "statuses": STATUSES,
            "tags": tags,
            **{name: request.GET.get(name, "") for name in FILTERS},
        }
        return render(request, self.template_name, context)

    def _found(self) -> QuerySet[Monitor]:
        found, query = selectors.monitors(self.workspace, heartbeats=self.heartbeats), self.request.GET
        if search := query.get("search", "").replace("\x00", "").strip()[:200]:
            found = found.filter(Q(name__icontains=search) | Q(target__icontains=search))
        if query.get("status") in Status.values:
            found = found.filter(state__status=query["status"])
        if tag := query.get("tag", "").replace("\x00", "")[:60]:
            found = holding(found, "tags", tag)
        return found


class HeartbeatList(MonitorList):
    """Heartbeats: status, uptime bar, last ping."""

    nav_section = "heartbeats"
    heartbeats = True
    template_name = "dashboard/heartbeat_list.html"
