"""What reports of dependencies write, inside the transaction that settles the pings which carried them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, QuerySet

from common.bulk import numbers, update_rows
from monitors.models import Monitor
from signals import events
from signals.dependency_reports import Report, reports_of
from signals.events import DependencyJudged
from signals.models import Dependency, DependencyLink, DependencyStatus, Signal

MOST_IN_A_WORKSPACE = 1_000
Named = Mapping[tuple[int, str], Dependency]


def reports_in(signals: Iterable[Signal]) -> dict[int, list[Report]]:
    """The reports of each signal that has any, by the signal's id."""
    found = ((signal.pk, reports_of(signal.payload)) for signal in signals if signal.payload_is_json)
    return {pk: reports for pk, reports in found if reports}


def named_dependencies(names: set[tuple[int, str]]) -> Named:
    """The dependencies with these (workspace id, name), locked; unknown ones are made while the workspace has room.

    All are made in one order, then all are locked in one order: two processes that report the same cannot deadlock.
    """
    known = set(_matching(names).values_list("workspace_id", "name")) & names
    _make(sorted(names - known))
    locked = _matching(names).order_by("pk").select_for_update(of=("self",))
    return {(one.workspace_id, one.name): one for one in locked}


def _matching(names: set[tuple[int, str]]) -> QuerySet[Dependency]:
    workspaces, words = {workspace for workspace, _ in names}, {name for _, name in names}
    return Dependency.objects.filter(workspace__in=workspaces, name__in=words)


def _make(missing: Sequence[tuple[int, str]]) -> None:
    if not missing:
        return
    rows = Dependency.objects.filter(workspace__in={workspace for workspace, _ in missing}).order_by()
    count = Counter(dict(rows.values_list("workspace").annotate(Count("pk"))))
    made = []
    for workspace_id, name in missing:
        if count[workspace_id] < MOST_IN_A_WORKSPACE:
            count[workspace_id] += 1
            made.append(Dependency(workspace_id=workspace_id, name=name))
    Dependency.objects.bulk_create(made, ignore_conflicts=True)


class Said(NamedTuple):
    """What the pings of one check said, each with its reports, in order."""

    monitor: Monitor
    pings: Sequence[tuple[Signal, Sequence[Report]]]


def note_reports(said: Sequence[Said], *, named: Named, now: datetime) -> None:
    """Writes what the pings of different checks said; whoever hears `dependencies_judged` is told of each change."""
    rows = DependencyLink.objects.filter(monitor__in=[one.monitor for one in said], dependency__in=named.values())
    links = {(link.monitor_id, link.dependency_id): link for link in rows}
    touched: dict[tuple[int, int], DependencyLink] = {}
    judged = []
    for monitor, signal, report in _each(said):
        dependency = named.get((monitor.workspace_id, report.name))
        if dependency is None:
            continue
        key = (monitor.pk, dependency.pk)
        link = links.setdefault(key, DependencyLink(dependency=dependency, monitor=monitor))
        touched[key] = link
        if _note(link, report, signal.created_at) and dependency.pinned_status != DependencyStatus.OK:
            reason = f"{dependency.name} was reported {'down' if report.is_down else 'ok'}"
            judged.append(DependencyJudged(dependency, monitor, report.is_down, signal.created_at, reason))
    DependencyLink.objects.bulk_create([link for link in touched.values() if link.pk is None])
    update_rows(
        DependencyLink,
        "id",
        ("reported_status", "reported_at"),
        [(link.pk, link.reported_status, link.reported_at) for link in touched.values()],
    )
    judge(judged, now=now)


def _each(said: Iterable[Said]) -> Iterator[tuple[Monitor, Signal, Report]]:
    for monitor, pings in said:
        for signal, reports in pings:
            for report in reports:
                yield monitor, signal, report


def _note(link: DependencyLink, report: Report, at: datetime) -> bool:
    """Whether that is news: down after anything else, or ok after down."""
    was_down = link.reported_status == DependencyStatus.DOWN
    link.reported_status = DependencyStatus.DOWN if report.is_down else DependencyStatus.OK
    link.reported_at = at
    return was_down != report.is_down


def judge(judged: Sequence[DependencyJudged], *, now: datetime) -> None:
    """Says upward what checks hold of dependencies; what one check says twice of one goes in two events, in order."""
    while judged:
        first = {(one.monitor.pk, one.dependency.pk): one for one in reversed(judged)}
        told = {id(one) for one in first.values()}
        events.dependencies_judged.send(sender=Dependency, judged=[one for one in judged if id(one) in told], now=now)
        judged = [one for one in judged if id(one) not in told]


def forget_reports(monitors: Sequence[Monitor]) -> None:
    """A check that is not watched says nothing any more; what it says when it is watched again is news."""
    DependencyLink.objects.filter(monitor__in=numbers([one.pk for one in monitors])).update(
        reported_status="", reported_at=None
    )
