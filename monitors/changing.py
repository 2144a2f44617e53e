"""Changes of monitors that a pipeline sends: made or edited by the pipeline's own key, and many in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Q

from accounts.actor import Actor
from accounts.models import Workspace
from common.invalid import Conflict, FieldError, Invalid, NotAllowed
from monitors import services
from monitors.locking import hold_all
from monitors.models import Monitor
from monitors.selecting import taken_key

MOST = 1_000
_TRIES = 3
# What a body says of the monitor that it changes, or of a new one; raises Invalid.
Fields = Callable[[Monitor | None], dict[str, Any]]


class Op(models.TextChoices):
    """What to do; each word of the API is its value."""

    CREATE = "create"
    UPDATE = "update"
    UPSERT = "upsert"
    DELETE = "delete"
    PAUSE = "pause"
    RESUME = "resume"


_SAID: Mapping[str, str] = {Op.UPDATE: "updated", Op.DELETE: "deleted", Op.PAUSE: "paused", Op.RESUME: "resumed"}
_ACTS: Mapping[str, Callable[..., object]] = {
    Op.DELETE: services.delete_monitor,
    Op.PAUSE: services.pause,
    Op.RESUME: services.resume,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `id`, else `external_key`, says of which monitor; a new one needs neither."""

    op: str
    fields: Fields
    id: int | None = None
    external_key: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change: created, updated, deleted, paused, resumed, or failed with its errors.

    `id` is that of the monitor, also of one that is deleted now.
    """

    what: str
    id: int | None = None
    external_key: str | None = None
    errors: tuple[FieldError, ...] = ()


class _Wrong(Exception):
    """Some changes cannot be made, so none is."""


def upsert_monitor(
    *,
    workspace: Workspace,
    external_key: str,
    by: Actor,
    now: datetime,
    fields: Fields,
    check: Callable[[Monitor | None], None],
) -> Outcome:
    """The monitor with this key, made or replaced. Two at once with one key: one makes it, the other replaces it.

    `check` is given the monitor there is, held, or None, and raises when the caller does not mean that one.
    """
    for last in (False,) * (_TRIES - 1) + (True,):
        try:
            with transaction.atomic():
                change = Change(Op.UPSERT, fields, external_key=external_key)
                hold_all(_ids(workspace, [change]))
                found = _find(workspace, change)
                check(found)
                return _upserted(workspace, found, change, by, now)
        except Invalid as invalid:
            if last or invalid.errors != (taken_key(),):
                raise
        except Conflict:
            # It was deleted while this waited for it.
            if last:
                raise
    raise AssertionError("the last try returns or raises")


def change_many(
    *, workspace: Workspace, by: Actor, now: datetime, changes: Sequence[Change], all_or_nothing: bool = True
) -> list[Outcome]:
    """All changes in order, in one transaction, with what became of each.

    When one cannot be made none is: raises Invalid naming every wrong one below `/changes/<index>`. Unless
    `all_or_nothing`: then the others are made, and the outcome of a wrong one has its errors.
    """
    for last in (False,) * (_TRIES - 1) + (True,):
        outcomes: list[Outcome] = []
        try:
            with transaction.atomic():
                hold_all(_ids(workspace, changes))
                outcomes = [_one(workspace, change, by, now, all_or_nothing) for change in changes]
                if all_or_nothing and any(one.errors for one in outcomes):
                    raise _Wrong
        except _Wrong:
            if last or not any(_is_lost_race(*pair) for pair in zip(changes, outcomes, strict=True)):
                raise Invalid(_located(outcomes)) from None
        else:
            return outcomes
    raise AssertionError("the last try returns or raises")


def _one(workspace: Workspace, change: Change, by: Actor, now: datetime, all_or_nothing: bool) -> Outcome:
    """A change that fails leaves no trace. What the plan does not allow is said of the whole, if it is one."""
    try:
        with transaction.atomic():
            return _made(workspace, change, by, now)
    except Invalid as invalid:
        return Outcome("failed", errors=invalid.errors)
    except (Conflict, NotAllowed) as refused:
        if all_or_nothing and isinstance(refused, NotAllowed):
            raise
        return Outcome("failed", errors=(FieldError("", getattr(refused, "problem", "conflict"), str(refused)),))


def _made(workspace: Workspace, change: Change, by: Actor, now: datetime) -> Outcome:
    if change.op == Op.CREATE:
        return _created(workspace, change.fields(None), by, now)
    monitor = _find(workspace, change)
    if change.op == Op.UPSERT:
        return _upserted(workspace, monitor, change, by, now)
    if monitor is None:
        name, wanted = ("/id", change.id) if change.id is not None else ("/externalKey", change.external_key)
        raise Invalid([FieldError(name, "unknown_id", f"No monitor of this workspace has {wanted!r} here.")])
    said = Outcome(_SAID[change.op], monitor.pk, monitor.external_key)
    if change.op == Op.UPDATE:
        services.edit_monitor(monitor=monitor, by=by, now=now, fields=change.fields(monitor))
    else:
        _ACTS[change.op](monitor=monitor, by=by, now=now)
    return said


def _created(workspace: Workspace, fields: dict[str, Any], by: Actor, now: datetime) -> Outcome:
    made = services.create_monitor(workspace=workspace, by=by, now=now, fields=fields)
    return Outcome("created", made.pk, made.external_key)


def _upserted(workspace: Workspace, monitor: Monitor | None, change: Change, by: Actor, now: datetime) -> Outcome:
    fields = change.fields(monitor) | {"external_key": change.external_key}
    if monitor is None:
        return _created(workspace, fields, by, now)
    services.edit_monitor(monitor=monitor, by=by, now=now, fields=fields, whole=True)
    return Outcome("updated", monitor.pk, change.external_key)


def _find(workspace: Workspace, change: Change) -> Monitor | None:
    found = Monitor.objects.in_workspace(workspace)
    if change.id is not None:
        return found.filter(pk=change.id).first()
    return found.filter(external_key=change.external_key).first()


def _ids(workspace: Workspace, changes: Sequence[Change]) -> list[int]:
    """The monitors there are that these changes are about."""
    ids = [change.id for change in changes if change.id is not None]
    keys = {change.external_key for change in changes if change.id is None and change.external_key}
    named = Monitor.objects.in_workspace(workspace).filter(Q(pk__in=ids) | Q(external_key__in=keys))
    return list(named.values_list("pk", flat=True)) if ids or keys else []


def _is_lost_race(change: Change, outcome: Outcome) -> bool:
    """Whether a key that was free when it was looked for is taken now: looked for again it is found."""
    return change.op == Op.UPSERT and outcome.errors == (taken_key(),)


def _located(outcomes: Sequence[Outcome]) -> list[FieldError]:
    return [
        FieldError(f"/changes/{index}{error.pointer}", error.code, error.detail)
        for index, outcome in enumerate(outcomes)
        for error in outcome.errors
    ]
