"""Reads of dependencies: their status, who needs them, which monitors they impair."""

from typing import Any

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When

from accounts.models import Workspace
from monitors.impact import Impairment, impairments
from monitors.models import Status
from signals.models import Dependency, DependencyLink, DependencyStatus

_ANSWERING = (Status.OK, Status.LATE, Status.DEGRADED)


def _status() -> Case:
    """The status of the outer query's dependency: its pin, else its monitor's word, else the worst report."""
    links = DependencyLink.objects.filter(dependency=OuterRef("pk"))
    return Case(
        When(~Q(pinned_status=""), then=F("pinned_status")),
        When(monitor__state__status=Status.DOWN, then=Value(DependencyStatus.DOWN)),
        When(monitor__state__status__in=_ANSWERING, then=Value(DependencyStatus.OK)),
        When(monitor__isnull=False, then=Value(DependencyStatus.UNKNOWN)),
        When(Exists(links.filter(reported_status=DependencyStatus.DOWN)), then=Value(DependencyStatus.DOWN)),
        When(Exists(links.filter(reported_status=DependencyStatus.OK)), then=Value(DependencyStatus.OK)),
        default=Value(DependencyStatus.UNKNOWN),
        output_field=CharField(),
    )


def with_status(found: "QuerySet[Dependency]") -> "QuerySet[Dependency]":
    """`found` with `status` on each, in the same query."""
    return found.annotate(status=_status())


def dependencies(workspace: Workspace) -> "QuerySet[Dependency]":
    """The dependencies of a workspace with status and links, by name, in two queries."""
    found: Any = Dependency.objects.in_workspace(workspace)
    return with_status(found).prefetch_related("links").order_by("name")


def _is_impairing(monitor: Any) -> bool:
    return bool(monitor.known_links)


def register() -> None:
    """Tells monitors what impairs them; called once, when the app is ready."""
    known: Any = with_status(Dependency.objects.all())
    down = known.filter(status=DependencyStatus.DOWN).values_list("links__monitor_id", named=True)
    impairments.register("signals", Impairment("known_links", down, "links__monitor_id", _is_impairing))
