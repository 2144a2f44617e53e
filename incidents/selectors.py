"""Reads of incidents."""

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from accounts.models import Workspace
from incidents.models import Incident, State
from monitors.models import Monitor


def incidents(workspace: Workspace) -> QuerySet[Incident]:
    """All incidents of a workspace, newest first, with their monitors and people."""
    return (
        Incident.objects.in_workspace(workspace)
        .select_related("monitor", "acknowledged_by", "resolved_by")
        .order_by("-started_at", "-pk")
    )


def open_first(found: QuerySet[Incident]) -> QuerySet[Incident]:
    """What is not resolved, then what is, each newest first: what goes on for long is not lost below what is over."""
    is_over = ExpressionWrapper(Q(state=State.RESOLVED), BooleanField())
    return found.order_by(is_over, "-started_at", "-pk")


def open_incidents(workspace: Workspace) -> QuerySet[Incident]:
    """What is not resolved."""
    return incidents(workspace).exclude(state=State.RESOLVED)


def incident_detail(workspace: Workspace) -> QuerySet[Incident]:
    """Incidents with timeline and notes, in a constant number of queries."""
    return incidents(workspace).prefetch_related("events__actor", "notes__author")


def open_incident_of(monitor: Monitor, kind: str) -> Incident | None:
    """The open incident of this kind, if there is one."""
    return monitor.incidents.filter(kind=kind).exclude(state=State.RESOLVED).first()
