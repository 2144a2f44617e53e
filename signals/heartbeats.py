"""The type `heartbeat` of monitors: its settings, and what pausing and resuming do to its deadline."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings as django_settings
from django.db import IntegrityError, transaction

from common import clock
from common.bulk import numbers, update_rows
from common.invalid import FieldError, Invalid
from monitors.kinds import kinds
from monitors.models import Monitor, MonitorState, Status
from signals import schedules
from signals.heartbeat_settings import DEFAULTS, READ_ONLY, clean_heartbeat
from signals.models import Heartbeat, HeartbeatState, Signal, new_ping_token
from signals.progress import Progress
from signals.reporting import forget_reports
from signals.settling import rules_of

_STORED = ("schedule", "grace_seconds", "slug", "methods", "failure_tolerance", "max_runtime_seconds", "filters")


def ping_url(token: str) -> str:
    """Where a job sends its pings."""
    return f"{django_settings.PUBLIC_URL}/api/signals/ping/{token}"


class HeartbeatKind:
    """A monitor that waits for pings instead of asking."""

    name = "heartbeat"
    label = "Heartbeat"
    is_probed = False
    read_only = READ_ONLY
    related = ("heartbeat__state",)
    defaults = {name: DEFAULTS[name] for name in _STORED if name != "schedule"}

    def clean(self, raw: Mapping[str, Any], *, partial: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return clean_heartbeat(raw, partial=partial, now=clock.now())

    def target(self, settings: Mapping[str, Any]) -> str:
        return ""

    def attach(self, monitor: Monitor, settings: Mapping[str, Any], *, now: datetime) -> None:
        status = MonitorState.objects.select_for_update(of=("self",)).get(pk=monitor.pk)
        state = HeartbeatState.objects.select_for_update(of=("self",)).filter(pk=monitor.pk).first()
        values = {name: settings[name] for name in _STORED}
        heartbeat = _stored(monitor, "" if state else settings["token"] or new_ping_token(), values)
        state = state or HeartbeatState(heartbeat=heartbeat)
        heartbeat.monitor = monitor
        monitor.heartbeat = heartbeat
        _expect(heartbeat, state, status, now)

    def settings_of(self, monitor: Monitor) -> dict[str, Any]:
        heartbeat = monitor.heartbeat
        shown = {name: getattr(heartbeat, name) for name in _STORED}
        state = heartbeat.state
        times = {"last_ping_at": state.last_ping_at, "next_due_at": state.next_due_at}
        return shown | {"token": heartbeat.token, "ping_url": ping_url(heartbeat.token)} | times

    def paused(self, monitors: Sequence[Monitor], *, now: datetime) -> None:
        HeartbeatState.objects.filter(pk__in=numbers([one.pk for one in monitors])).update(
            is_steady=False, next_due_at=None, attention_at=None, consecutive_failures=0, open_runs=[]
        )
        forget_reports(monitors)

    def resumed(self, monitors: Sequence[Monitor], *, now: datetime) -> None:
        among = HeartbeatState.objects.filter(pk__in=numbers([one.pk for one in monitors])).order_by("pk")
        states = list(among.select_related("heartbeat").select_for_update(of=("self",)))
        for state in states:
            state.next_due_at = schedules.next_due(state.heartbeat.schedule, now)
            _look_at(state.heartbeat, state, Status.RESUMED)
        rows = [(one.pk, one.next_due_at, one.attention_at, one.is_steady) for one in states]
        update_rows(HeartbeatState, "heartbeat", ("next_due_at", "attention_at", "is_steady"), rows)


def _stored(monitor: Monitor, new_token: str, values: Mapping[str, Any]) -> Heartbeat:
    """Its heartbeat with `values`, made when it has a `new_token`. Raises Invalid for what another has already."""
    try:
        with transaction.atomic():
            if new_token:
                return Heartbeat.objects.create(
                    monitor=monitor, workspace_id=monitor.workspace_id, token=new_token, **values
                )
            Heartbeat.objects.filter(pk=monitor.pk).update(**values)
    except IntegrityError as error:
        raise Invalid([_taken(monitor, values["slug"])]) from error
    return Heartbeat.objects.get(pk=monitor.pk)


def _taken(monitor: Monitor, slug: str) -> FieldError:
    others = Heartbeat.objects.filter(workspace=monitor.workspace_id, slug=slug).exclude(pk=monitor.pk)
    if slug and others.exists():
        return FieldError("/slug", "taken", "Another heartbeat of this workspace has this slug.")
    return FieldError("/token", "taken", "Another heartbeat has this token.")


def _expect(heartbeat: Heartbeat, state: HeartbeatState, status: MonitorState, now: datetime) -> None:
    """The next deadline under settings just stored: counted from the last ping, but never one that is over already."""
    state.interval_seconds = schedules.interval_of(heartbeat.schedule)
    if status.status in (Status.OK, Status.RESUMED, Status.UNKNOWN):
        counted = schedules.next_due(heartbeat.schedule, state.last_ping_at or status.status_since)
        is_ahead = counted is not None and counted > now
        state.next_due_at = counted if is_ahead else schedules.next_due(heartbeat.schedule, now)
    _look_at(heartbeat, state, status.status)
    state.save()


def _look_at(heartbeat: Heartbeat, state: HeartbeatState, status: str) -> None:
    """When the slow path must look at it; a signal that it has not settled keeps its earlier time."""
    moved = Progress(rules_of(heartbeat), status, state.next_due_at, state.consecutive_failures, list(state.open_runs))
    waiting_since = _waiting_since(state)
    state.attention_at = min((one for one in (moved.attention_at, waiting_since) if one), default=None)
    state.is_steady = moved.is_steady and waiting_since is None


def _waiting_since(state: HeartbeatState) -> datetime | None:
    if state.attention_at is None:
        return None
    waiting = Signal.objects.filter(
        heartbeat=state.pk, created_at__gte=state.attention_at, id__gt=state.settled_signal_id
    )
    return waiting.order_by("created_at").values_list("created_at", flat=True).first()


def register() -> None:
    """Makes it a type of monitor; called once, when the app is ready."""
    kinds.register(HeartbeatKind.name, HeartbeatKind())
