"""Writes of dependencies by people: making, editing, pinning, removing, and who needs them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from accounts.models import Workspace
from common.invalid import Conflict
from monitors.models import Monitor
from signals.dependency_fields import DEFAULTS, PIN_OK, clean
from signals.events import DependencyJudged
from signals.models import Dependency, DependencyLink, DependencyStatus
from signals.reporting import MOST_IN_A_WORKSPACE, judge


@transaction.atomic
def create_dependency(*, workspace: Workspace, by: Actor, now: datetime, fields: Mapping[str, Any]) -> Dependency:
    """A dependency with its links. Raises Invalid naming every wrong field, Conflict when the workspace is full."""
    wanted = clean(workspace, {"name": None, **DEFAULTS, **fields})
    if Dependency.objects.in_workspace(workspace).count() >= MOST_IN_A_WORKSPACE:
        raise Conflict(f"A workspace has at most {MOST_IN_A_WORKSPACE} dependencies.")
    dependents = wanted.pop("dependents")
    dependency = Dependency.objects.create(workspace=workspace, **wanted)
    _set_dependents(dependency, dependents, by, now)
    audit.record(by=by, workspace=workspace, verb="create", target=dependency)
    return dependency


@transaction.atomic
def edit_dependency(*, dependency: Dependency, by: Actor, now: datetime, fields: Mapping[str, Any]) -> Dependency:
    """Changes what `fields` names. Pinned to OK it silences reports, and unpinned it believes them again.

    Raises Invalid naming every wrong field, Conflict when it is gone.
    """
    dependency = _held(dependency)
    wanted = clean(dependency.workspace, fields, dependency)
    dependents = wanted.pop("dependents", None)
    before = dependency.pinned_status
    changes = _changes(dependency, wanted)
    for name, value in wanted.items():
        setattr(dependency, name, value)
    dependency.version += 1
    dependency.save()
    if dependents is not None:
        changes |= _set_dependents(dependency, dependents, by, now)
    _rejudge(dependency, before, by, now)
    audit.record(by=by, workspace=dependency.workspace, verb="edit", target=dependency, changes=changes)
    return dependency


@transaction.atomic
def delete_dependency(*, dependency: Dependency, by: Actor, now: datetime) -> None:
    """Removes it; incidents that reports of it opened are resolved. Raises Conflict when it is gone."""
    dependency = _held(dependency)
    _close(dependency, _links(dependency), f"The dependency was removed by {by.label}", now)
    audit.record(by=by, workspace=dependency.workspace, verb="delete", target=dependency)
    dependency.delete()


@transaction.atomic
def link(*, dependency: Dependency, monitor: Monitor, by: Actor, now: datetime) -> DependencyLink:
    """Says that `monitor` needs `dependency`; said already, it changes nothing. Raises Invalid, Conflict."""
    dependency = _held(dependency)
    clean(dependency.workspace, {"dependent_ids": [monitor.pk]}, dependency)
    found, is_new = DependencyLink.objects.get_or_create(dependency=dependency, monitor=monitor)
    if is_new:
        _say(dependency, by, {"dependents": [None, monitor.pk]})
    return found


@transaction.atomic
def unlink(*, dependency: Dependency, monitor: Monitor, by: Actor, now: datetime) -> None:
    """`monitor` does not need it any more; its incident is resolved. A later report links it again."""
    dependency = _held(dependency)
    found = DependencyLink.objects.filter(dependency=dependency, monitor=monitor).select_related("monitor").first()
    if found is None:
        return
    _close(dependency, [found], f"The link was removed by {by.label}", now)
    found.delete()
    _say(dependency, by, {"dependents": [monitor.pk, None]})


def _held(dependency: Dependency) -> Dependency:
    rows = Dependency.objects.select_for_update(of=("self",)).select_related("workspace")
    found = rows.filter(pk=dependency.pk).first()
    if found is None:
        raise Conflict("The dependency has been deleted.")
    return found


def _links(dependency: Dependency) -> "list[DependencyLink]":
    return list(dependency.links.select_related("monitor__workspace").order_by("pk"))


def _say(dependency: Dependency, by: Actor, changes: Mapping[str, Any]) -> None:
    dependency.version += 1
    dependency.save(update_fields=["version", "updated_at"])
    audit.record(by=by, workspace=dependency.workspace, verb="edit", target=dependency, changes=changes)


def _changes(dependency: Dependency, wanted: Mapping[str, Any]) -> dict[str, Any]:
    pairs = {name: [_shown(getattr(dependency, name)), _shown(value)] for name, value in wanted.items()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _shown(value: Any) -> Any:
    return value.pk if isinstance(value, Monitor) else value


def _set_dependents(dependency: Dependency, wanted: list[Monitor], by: Actor, now: datetime) -> dict[str, Any]:
    links = {one.monitor_id: one for one in _links(dependency)}
    ids = {monitor.pk for monitor in wanted}
    gone = [one for monitor_id, one in links.items() if monitor_id not in ids]
    _close(dependency, gone, f"The link was removed by {by.label}", now)
    DependencyLink.objects.filter(pk__in=[one.pk for one in gone]).delete()
    new = [DependencyLink(dependency=dependency, monitor=one) for one in wanted if one.pk not in links]
    DependencyLink.objects.bulk_create(new)
    return {"dependents": [sorted(links), sorted(ids)]} if set(links) != ids else {}


def _close(dependency: Dependency, links: Iterable[DependencyLink], reason: str, now: datetime) -> None:
    _judge(dependency, links, is_down=False, reason=reason, now=now)


def _rejudge(dependency: Dependency, before: str, by: Actor, now: datetime) -> None:
    """A pin to OK speaks against reports of failure; where it goes they hold again."""
    if (before == PIN_OK) == (dependency.pinned_status == PIN_OK):
        return
    is_down = before == PIN_OK
    reason = f"{'Unpinned' if is_down else 'Pinned as OK'} by {by.label}"
    _judge(dependency, _links(dependency), is_down=is_down, reason=reason, now=now)


def _judge(
    dependency: Dependency, links: Iterable[DependencyLink], *, is_down: bool, reason: str, now: datetime
) -> None:
    """What the checks that reported it down hold of it now."""
    down = [one for one in links if one.reported_status == DependencyStatus.DOWN]
    judge([DependencyJudged(dependency, one.monitor, is_down, now, reason) for one in down], now=now)
