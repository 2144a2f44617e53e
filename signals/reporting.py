"""What reports of dependencies write, inside the transaction that settles the pings which carried them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import QuerySet

from monitors.models import Monitor
from signals import events
from signals.dependency_reports import Report, reports_of
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
    for workspace_id in sorted({workspace_id for workspace_id, _ in missing}):
        room = max(0, MOST_IN_A_WORKSPACE - Dependency.objects.filter(workspace=workspace_id).count())
        words = [name for owner, name in missing if owner == workspace_id][:room]
        made = [Dependency(workspace_id=workspace_id, name=name) for name in words]
        Dependency.objects.bulk_create(made, ignore_conflicts=True)


def note_reports(
    *, monitor: Monitor, signals: Iterable[Signal], reports: Mapping[int, Sequence[Report]], named: Named, now: datetime
) -> None:
    """Writes what the pings of one check said, in order; whoever hears `dependency_judged` is told of each change."""
    links = {link.dependency_id: link for link in DependencyLink.objects.filter(monitor=monitor)}
    touched: dict[int, DependencyLink] = {}
    for signal in signals:
        for report in reports.get(signal.pk, ()):
            dependency = named.get((monitor.workspace_id, report.name))
            if dependency is None:
                continue
            link = links.get(dependency.pk) or DependencyLink.objects.create(dependency=dependency, monitor=monitor)
            links[dependency.pk] = touched[dependency.pk] = link
            _note(dependency, monitor, link, report, signal.created_at, now)
    DependencyLink.objects.bulk_update(touched.values(), ["reported_status", "reported_at"])


def _note(
    dependency: Dependency, monitor: Monitor, link: DependencyLink, report: Report, at: datetime, now: datetime
) -> None:
    before = link.reported_status
    link.reported_status = DependencyStatus.DOWN if report.is_down else DependencyStatus.OK
    link.reported_at = at
    is_news = (before == DependencyStatus.DOWN) != report.is_down
    if is_news and dependency.pinned_status != DependencyStatus.OK:
        reason = f"{dependency.name} was reported {'down' if report.is_down else 'ok'}"
        judge(dependency=dependency, monitor=monitor, is_down=report.is_down, at=at, reason=reason, now=now)


def judge(*, dependency: Dependency, monitor: Monitor, is_down: bool, at: datetime, reason: str, now: datetime) -> None:
    """Says upward that what a check holds of a dependency has changed."""
    events.dependency_judged.send(
        sender=Dependency, dependency=dependency, monitor=monitor, is_down=is_down, at=at, reason=reason, now=now
    )


def forget_reports(monitor: Monitor) -> None:
    """A check that is not watched says nothing any more; what it says when it is watched again is news."""
    DependencyLink.objects.filter(monitor=monitor).update(reported_status="", reported_at=None)
