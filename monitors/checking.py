"""Checks a monitor here and now, for a person who waits: "check now" and "test this"."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from common import clock
from common.invalid import Conflict, FieldError, Invalid
from common.policy import outgoing_policy
from monitors.fields import DEFAULTS, wrong_fields
from monitors.kinds import kinds
from monitors.models import Monitor, RegionState
from monitors.probes.base import Check, Result
from monitors.probes.once import run_once
from monitors.results.recording import record
from monitors.watched import Watched


def check_now(*, monitor: Monitor, by: Actor, now: datetime) -> Result:
    """Probes from this process's region and answers with the result; it counts unless the monitor is paused.

    Raises Conflict for a type that nobody probes.
    """
    if not kinds[monitor.type].is_probed:
        raise Conflict(f"A {monitor.type} monitor waits for signals; there is nothing to check.")
    state = RegionState.objects.filter(monitor=monitor, region__key=settings.REGION).first()
    result = run_once(_check(monitor, state, now), outgoing_policy())
    with transaction.atomic():
        audit.record(by=by, workspace=monitor.workspace, verb="check", target=monitor)
        if state is not None:
            record([result], now=clock.now())
    return result


def try_monitor(*, fields: Mapping[str, Any], now: datetime) -> Result:
    """Probes what `fields` (type, timeout_ms, settings) describe; nothing is stored. Raises Invalid.

    Other fields of a monitor are judged as when it is made.
    """
    fields = {"timeout_ms": DEFAULTS["timeout_ms"]} | dict(fields)
    errors = wrong_fields(fields)
    kind_name = str(fields.get("type") or "http")
    if kind_name not in kinds or not kinds[kind_name].is_probed:
        names = ", ".join(name for name, kind in kinds if kind.is_probed)
        raise Invalid([*errors, FieldError("/type", "choice", f"Choose one of {names}.")])
    given = fields.get("settings", {})
    if not isinstance(given, Mapping):
        raise Invalid([*errors, FieldError("/settings", "type", "Give an object.")])
    try:
        settings_ = kinds[kind_name].clean(given)
    except Invalid as invalid:
        raise Invalid([*errors, *invalid.errors]) from invalid
    if errors:
        raise Invalid(errors)
    check = Check(
        monitor_id=0,
        region_id=0,
        type=kind_name,
        settings=settings_,
        scheduled_at=now.timestamp(),
        timeout_ms=int(fields["timeout_ms"]),
    )
    return run_once(check, outgoing_policy())


def _check(monitor: Monitor, state: RegionState | None, now: datetime) -> Check:
    return Check(
        monitor_id=monitor.pk,
        region_id=state.region_id if state else 0,
        type=monitor.type,
        settings=monitor.settings,
        scheduled_at=now.timestamp(),
        timeout_ms=monitor.timeout_ms,
        second_look=state is not None and state.consecutive_failures == 0 and state.is_down is not True,
        context=Watched.of(monitor),
    )
