"""Dependencies as pages show them: why each has its status, who pinned it, and what a monitor needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse

from accounts.models import AuditEntry, Workspace
from incidents.models import Incident, Kind, State
from incidents.selectors import incidents
from monitors.models import Monitor, Status
from signals import dependents
from signals.models import Dependency, DependencyStatus


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a monitor needs: a dependency or another monitor. `detail` says how its status is known.

    `is_untold`: it is down, and no open incident on the page says so.
    """

    name: str
    status: str
    href: str
    detail: str
    at: datetime | None
    is_untold: bool = False


def dependencies(workspace: Workspace) -> QuerySet[Any]:
    """The dependencies of a workspace with status, watching monitor and dependents, in two queries."""
    found: Any = dependents.with_status(Dependency.objects.in_workspace(workspace))
    named: QuerySet[Any] = found.select_related("monitor__state").order_by("name")
    return named.prefetch_related("links__monitor__state")


def word_on(dependency: Dependency, links: Iterable[Any]) -> str:
    """Why a dependency has its status, in a few words; `links` are whatever has a `reported_status`."""
    if dependency.pinned_status:
        return "Pinned"
    if dependency.monitor is not None:
        return f"By the monitor {dependency.monitor.name}"
    return "By reports" if any(link.reported_status for link in links) else "No report yet"


def last_pin(dependency: Dependency) -> AuditEntry | None:
    """The audit row of the change that pinned it as it is; None when it is not pinned."""
    if not dependency.pinned_status:
        return None
    found = AuditEntry.objects.filter(
        workspace=dependency.workspace_id, object_type="dependency", object_id=str(dependency.pk)
    )
    rows = found.filter(verb__in=("create", "edit")).order_by("-created_at", "-pk")[:200]
    return next((row for row in rows if row.verb == "create" or "pinned_status" in row.changes), None)


def incidents_about(workspace: Workspace, dependency: Dependency) -> QuerySet[Incident]:
    """What was opened because checks said that it is down, newest first."""
    return incidents(workspace).filter(kind=Kind.DEPENDENCY_DOWN, subject=subject_of(dependency))


def subject_of(dependency: Dependency) -> str:
    """What incidents about it have as their subject."""
    return f"dependency:{dependency.pk}"


def needs_of(monitor: Monitor, incidents_: Iterable[Incident] = ()) -> list[Need]:
    """What a monitor depends on, what is down first, in two queries. `incidents_`: those that its page shows."""
    told = {one.subject for one in incidents_ if one.state != State.RESOLVED}
    rows: Any = dependents.with_status(Dependency.objects.filter(links__monitor=monitor)).select_related("monitor")
    reported = rows.annotate(reported_status=F("links__reported_status"), reported_at=F("links__reported_at"))
    found = [_need(one, told) for one in reported]
    for other in monitor.depends_on.select_related("state"):
        href, status = reverse("monitor", args=[other.pk]), other.state.status
        found.append(Need(other.name, status, href, "A monitor", None, status == Status.DOWN))
    return sorted(found, key=lambda need: (need.status != Status.DOWN, need.name))


def _need(dependency: Any, told: set[str]) -> Need:
    """Of a row that has the report of one monitor's link on it."""
    detail, is_down = word_on(dependency, [dependency]), dependency.status == DependencyStatus.DOWN
    if detail == "By reports":
        detail = "Reported here"
    elif detail == "No report yet" and dependency.status != DependencyStatus.UNKNOWN:
        detail = "Reported by others"
    href, is_untold = reverse("dependency", args=[dependency.pk]), is_down and subject_of(dependency) not in told
    return Need(dependency.name, dependency.status, href, detail, dependency.reported_at, is_untold)
