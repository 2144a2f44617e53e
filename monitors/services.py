"""Writes of monitors: making, editing, removing, pausing, resuming. Locks are taken as `locking.py` says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.actor import Actor
from accounts.models import Workspace
from billing.limits import limits_of
from common.invalid import FieldError, Invalid
from monitors import events
from monitors.allowance import must_allow_regions, must_have_room, must_have_room_to_resume, naming_plan
from monitors.fields import DEFAULTS, wrong_fields
from monitors.kinds import Kind, kinds
from monitors.locking import hold_monitor
from monitors.models import Monitor, MonitorState, Status
from monitors.pausing import act_by_hand
from monitors.probed import ProbedKind
from monitors.results.learning import forget_answers
from monitors.scheduling.watching import first_watch, restart, watch_from
from monitors.selecting import Named, find_named, taken_key
from monitors.status import Act
from monitors.transitions import Turn, change_status, change_statuses

__all__ = [
    "Turn",
    "change_status",
    "change_statuses",
    "create_monitor",
    "delete_monitor",
    "edit_monitor",
    "pause",
    "resume",
]

_TARGET_LENGTH = 2048  # what people read; the settings hold it in full
_PLAIN = (
    "name",
    "description",
    "interval_seconds",
    "timeout_ms",
    "tags",
    "quorum",
    "fail_after_consecutive",
    "resolve_after_consecutive_success",
    "latency_threshold_ms",
    "ssl_expiry_days",
    "external_key",
)


@transaction.atomic
def create_monitor(*, workspace: Workspace, by: Actor, now: datetime, fields: Mapping[str, Any]) -> Monitor:
    """A monitor with its state, watched from the next second on. Raises Invalid naming every wrong field, PlanLimit."""
    fields = DEFAULTS | dict(fields)
    kind, settings, named = _checked(workspace, fields)
    must_have_room(workspace)
    monitor = Monitor(workspace=workspace, type=kind.name)
    monitor.is_paused = fields["paused"]
    _save(monitor, fields, kind, settings, named)
    status = Status.PAUSED if monitor.is_paused else Status.NEW
    monitor.state = MonitorState.objects.create(monitor=monitor, status=status, status_since=now)
    kind.attach(monitor, settings, now=now)
    if kind.is_probed:
        first_watch(monitor, named.regions or [], now=now)
    audit.record(by=by, workspace=workspace, verb="create", target=monitor)
    events.monitor_created.send(sender=Monitor, monitor=monitor, now=now)
    return monitor


@transaction.atomic
def edit_monitor(
    *, monitor: Monitor, by: Actor, now: datetime, fields: Mapping[str, Any], whole: bool = False
) -> Monitor:
    """Changes what `fields` names, leaves the rest. Raises Invalid naming every wrong field, Conflict when it is gone.

    Settings are merged object by object, or, when `whole`, replaced: what they leave out gets its default. A mask in
    place of a secret keeps the stored one. Another target or interval starts the checks anew; the status stays until
    they say more.
    """
    monitor, state = hold_monitor(monitor.pk)
    monitor.state = state
    kind = kinds[monitor.type]
    before = monitor.settings if kind.is_probed else kind.settings_of(monitor)
    kind, settings, named = _checked(monitor.workspace, fields, monitor=monitor, before=before, whole=whole)
    changes = _changes(monitor, fields, before, settings, named)
    monitor.version += 1
    _save(monitor, fields, kind, settings, named)
    kind.attach(monitor, settings, now=now)
    if kind.is_probed and named.regions is not None:
        watch_from(monitor, named.regions, now=now)
    if kind.is_probed and {"settings", "interval_seconds"} & set(changes):
        restart(monitor, now=now)
        forget_answers(monitor, before, settings)
    audit.record(by=by, workspace=monitor.workspace, verb="edit", target=monitor, changes=changes)
    events.monitor_edited.send(sender=Monitor, monitor=monitor, now=now)
    if fields.get("paused", monitor.is_paused) != monitor.is_paused:
        must_have_room_to_resume(monitor)
        act_by_hand(monitor, state, Act.PAUSE if fields["paused"] else Act.RESUME, by=by, now=now)
    return monitor


@transaction.atomic
def delete_monitor(*, monitor: Monitor, by: Actor, now: datetime) -> None:
    """Removes a monitor with its history and incidents. Raises Conflict when it is gone already."""
    monitor, _ = hold_monitor(monitor.pk)
    audit.record(by=by, workspace=monitor.workspace, verb="delete", target=monitor)
    events.monitor_deleted.send(sender=Monitor, monitor=monitor, now=now)
    monitor.delete()


@transaction.atomic
def pause(*, monitor: Monitor, by: Actor, now: datetime) -> Monitor:
    """Stops watching; a paused one stays as it is. Raises Conflict when it is gone."""
    return act_by_hand(*hold_monitor(monitor.pk), Act.PAUSE, by=by, now=now)


@transaction.atomic
def resume(*, monitor: Monitor, by: Actor, now: datetime) -> Monitor:
    """Watches again, from the next second on; one that is not paused stays so. Raises Conflict, PlanLimit."""
    monitor, state = hold_monitor(monitor.pk)
    must_have_room_to_resume(monitor)
    return act_by_hand(monitor, state, Act.RESUME, by=by, now=now)


def _checked(
    workspace: Workspace,
    fields: Mapping[str, Any],
    *,
    monitor: Monitor | None = None,
    before: Mapping[str, Any] | None = None,
    whole: bool = False,
) -> tuple[Kind, dict[str, Any], Named]:
    """The type, its complete settings and the rows named; raises Invalid with all that is wrong."""
    limits = limits_of(workspace)
    errors = naming_plan(wrong_fields(_with_pair(fields, monitor), min_interval=limits.min_interval_seconds), limits)
    if monitor is None and "name" not in fields:
        errors.append(FieldError("/name", "required", "Write 1 to 120 characters."))
    kind = _kind(fields, monitor, errors)
    settings: dict[str, Any] = {}
    if kind is not None:
        try:
            settings = _settings(kind, fields.get("settings", {}), before, whole)
        except Invalid as invalid:
            errors.extend(invalid.errors)
    named, unknown = find_named(workspace, fields, monitor, is_probed=kind is not None and kind.is_probed)
    errors += unknown
    if errors or kind is None:
        raise Invalid(errors)
    must_allow_regions(limits, named.regions or (), monitor)
    return kind, settings, named


def _kind(fields: Mapping[str, Any], monitor: Monitor | None, errors: list[FieldError]) -> Kind | None:
    given = fields.get("type", monitor.type if monitor else "")
    if monitor is not None:
        if given != monitor.type:
            errors.append(FieldError("/type", "immutable", f"It is {monitor.type} and stays so; make another monitor."))
        return kinds[monitor.type]
    if not isinstance(given, str) or given not in kinds:
        errors.append(FieldError("/type", "choice", f"Choose one of {', '.join(name for name, _ in kinds)}."))
        return None
    return kinds[given]


def _settings(kind: Kind, raw: Any, before: Mapping[str, Any] | None, whole: bool) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise Invalid([FieldError("/settings", "type", "Give an object.")])
    if whole and isinstance(kind, ProbedKind):
        return kind.clean(raw, partial=before, whole=True)
    return kind.clean(raw, partial=before)


def _with_pair(fields: Mapping[str, Any], monitor: Monitor | None) -> Mapping[str, Any]:
    """Interval and timeout bound each other: an edit of one is judged beside the stored other."""
    if monitor is None or not {"interval_seconds", "timeout_ms"} & set(fields):
        return fields
    return {"interval_seconds": monitor.interval_seconds, "timeout_ms": monitor.timeout_ms} | dict(fields)


def _save(monitor: Monitor, fields: Mapping[str, Any], kind: Kind, settings: dict[str, Any], named: Named) -> None:
    for name in _PLAIN:
        if name in fields:
            setattr(monitor, name, _stored(name, fields[name]))
    if "service_group" in fields:
        monitor.service_group = named.service_group
    if kind.is_probed:
        monitor.settings = settings
    is_new = monitor.pk is None
    monitor.target = kind.target(settings)[:_TARGET_LENGTH]
    try:
        with transaction.atomic():
            monitor.save()
    except IntegrityError as error:
        raise Invalid([taken_key()]) from error
    if named.depends_on or (named.depends_on is not None and not is_new):
        monitor.depends_on.set(named.depends_on)


def _stored(name: str, value: Any) -> Any:
    return value.strip() if name in ("name", "description") else value


def _changes(
    monitor: Monitor,
    fields: Mapping[str, Any],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    named: Named,
) -> dict[str, Any]:
    """Field names of what changes, with both values; of settings only the names, for they may hold secrets."""
    pairs: dict[str, list[Any]] = {
        name: [getattr(monitor, name), _stored(name, fields[name])] for name in _PLAIN if name in fields
    }
    if "service_group" in fields:
        pairs["service_group"] = [monitor.service_group_id, named.service_group and named.service_group.pk]
    if named.regions is not None:
        watched = monitor.region_states.values_list("region__key", flat=True)
        pairs["regions"] = [sorted(watched), sorted(region.key for region in named.regions)]
    if named.depends_on is not None:
        on = monitor.depends_on.values_list("pk", flat=True)
        pairs["depends_on"] = [sorted(on), sorted(one.pk for one in named.depends_on)]
    changes: dict[str, Any] = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    changed = sorted(name for name in after if after[name] != before.get(name))
    return changes | ({"settings": changed} if changed else {})
