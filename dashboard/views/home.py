"""Home: one sentence on how things are, then what is wrong, what changed, what is about to go wrong."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common import clock
from dashboard import selectors
from dashboard.access import WorkspacePage
from dashboard.outlook import outlook
from dashboard.sentences import rest_of, state_of
from incidents.selectors import open_incidents
from monitors.models import Status

RECENT = 12
MOST_OPEN = 20


class Home(WorkspacePage):
    """What a person wants to know first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        now = clock.now()
        counts = selectors.status_counts(self.workspace)
        context = {
            "nav_section": "home",
            "now": now,
            "sentence": state_of(counts, "monitor"),
            "rest": rest_of(counts),
            "total": sum(counts.values()),
            "worst": _worst(counts),
            "open": open_incidents(self.workspace)[:MOST_OPEN],
            "outlook": outlook(self.workspace, now=now),
            "changes": selectors.latest_changes(self.workspace, most=RECENT),
        }
        return render(request, "dashboard/home.html", context)


def _worst(counts: dict[str, int]) -> str:
    found = [status for status in (*selectors.TROUBLE, Status.OK) if counts.get(status)]
    return found[0] if found else Status.NEW
