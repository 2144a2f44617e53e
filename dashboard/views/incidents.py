"""Incidents: the list, the page of one with its timeline, and what people do about it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alerts.selectors import deliveries_of
from common import clock
from common.invalid import Conflict, Invalid, NotAllowed
from dashboard.access import WorkspacePage
from dashboard.comparison import differences
from dashboard.sentences import open_incidents
from dashboard.timeline import timeline
from incidents import selectors, services
from incidents.models import Incident, Note, State

PAGE_SIZE = 50


class IncidentList(WorkspacePage):
    """Every incident, open ones first, then newest first; by state, monitor or day."""

    def get(self, request: HttpRequest) -> HttpResponse:
        page = Paginator(self._found(), PAGE_SIZE).get_page(request.GET.get("page"))
        context = {
            "nav_section": "incidents",
            "now": clock.now(),
            "page": page,
            "sentence": open_incidents(selectors.open_incidents(self.workspace).count()),
            "states": State.choices,
            "state": request.GET.get("state", ""),
            "monitor_id": request.GET.get("monitor", ""),
            "day": request.GET.get("day", ""),
        }
        return render(request, "dashboard/incident_list.html", context)

    def _found(self) -> QuerySet[Incident]:
        found, query = selectors.open_first(selectors.incidents(self.workspace)), self.request.GET
        if query.get("state") in State.values:
            found = found.filter(state=query["state"])
        if query.get("monitor", "").isascii() and query.get("monitor", "").isdigit():
            found = found.filter(monitor=int(query["monitor"][:18]))
        if day := _day(query.get("day", "")):
            found = found.filter(started_at__gte=day[0], started_at__lt=day[1])
        return found


class OneIncident(WorkspacePage):
    """Base of what concerns one incident: `self.incident`, or 404."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.incident_id = kwargs["incident_id"]

    @property
    def incident(self) -> Incident:
        found = selectors.incident_detail(self.workspace)
        incident = found.filter(pk=self.incident_id).first() if self.incident_id < 2**63 else None
        if incident is None:
            raise Http404("No incident of this workspace has this address.")
        return incident


class IncidentView(OneIncident):
    """Base of what answers with the page: it shows a note again that could not be stored."""

    def page(self, *, note: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
        """The page; `note` {id, body, error} is what could not be stored, with id None for a new one."""
        incident = self.incident
        context = {
            "nav_section": "incidents",
            "now": clock.now(),
            "incident": incident,
            "differences": differences(incident.last_good, incident.first_failure),
            "timeline": timeline(incident, reader=self.request.membership),
            "deliveries": deliveries_of(incident),
            "refused": note or {},
        }
        return render(self.request, "dashboard/incident.html", context, status=status)


class IncidentPage(IncidentView):
    """State, since when, what changed, who was told, timeline with notes; acknowledge and resolve."""

    def get(self, request: HttpRequest, incident_id: int) -> HttpResponse:
        return self.page()


class IncidentAct(IncidentView):
    """Acknowledge, resolve or write a note."""

    def post(self, request: HttpRequest, incident_id: int, act: str) -> HttpResponse:
        try:
            getattr(self, f"_{act}")(self.incident)
        except Conflict as conflict:
            messages.error(request, str(conflict))
        except Invalid as invalid:
            refused = {"id": None, "body": _body(request), "error": invalid.errors[0].detail}
            return self.page(note=refused, status=400)
        return redirect("incident", incident_id)

    def _acknowledge(self, incident: Incident) -> None:
        services.acknowledge(incident=incident, by=self.actor, now=clock.now())

    def _resolve(self, incident: Incident) -> None:
        services.resolve_incident(incident=incident, by=self.actor, now=clock.now())

    def _note(self, incident: Incident) -> None:
        services.add_note(incident=incident, body=_body(self.request), by=self.actor, now=clock.now())


class NoteAct(IncidentView):
    """Edit or delete a note, by its author or an admin."""

    def post(self, request: HttpRequest, incident_id: int, note_id: int, act: str) -> HttpResponse:
        found = Note.objects.in_workspace(self.workspace).filter(incident=self.incident)
        note = found.filter(pk=min(note_id, 2**63 - 1)).first()
        if note is None:
            raise Http404("No note of this incident has this address.")
        try:
            if act == "delete":
                services.delete_note(note=note, by=self.actor)
            else:
                services.edit_note(note=note, body=_body(request), by=self.actor, now=clock.now())
        except NotAllowed as refused:
            raise PermissionDenied(str(refused)) from refused
        except Invalid as invalid:
            refused_note = {"id": note.pk, "body": _body(request), "error": invalid.errors[0].detail}
            return self.page(note=refused_note, status=400)
        return redirect("incident", incident_id)


def _body(request: HttpRequest) -> str:
    return request.POST.get("body", "").replace("\x00", "")


def _day(text: str) -> tuple[datetime, datetime] | None:
    """Start and end of a day (UTC) written as 2026-03-02; None for anything else."""
    try:
        start = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
        return start, start + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
