"""What signals hear from below and from themselves: told to the live stream once it is committed."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from common.bulk import create_rows, numbers
from common.instants import rfc3339
from monitors.events import (
    Changed,
    Moved,
    deployments_ended,
    deployments_started,
    monitor_deleted,
    statuses_changed,
)
from monitors.models import Deployment, Monitor
from signals import live
from signals.events import Stored, signals_stored
from signals.live import message
from signals.models import Heartbeat, HeartbeatState, Signal, SignalType
from signals.shown import signal_json


def connect() -> None:
    """Called once, when the app is ready."""
    statuses_changed.connect(tell_statuses, dispatch_uid="signals.tell_statuses")
    signals_stored.connect(tell_signals, dispatch_uid="signals.tell_signals")
    monitor_deleted.connect(hold_pings, dispatch_uid="signals.hold_pings")
    deployments_started.connect(mark_starts, dispatch_uid="signals.mark_starts")
    deployments_ended.connect(mark_ends, dispatch_uid="signals.mark_ends")


def mark_starts(*, moved: Sequence[Moved], now: datetime, **kwargs: Any) -> None:
    """A DEPLOYMENT signal on each heartbeat that the deployments cover."""
    _mark(moved, "start", now)


def mark_ends(*, moved: Sequence[Moved], now: datetime, **kwargs: Any) -> None:
    """The same at their end."""
    _mark(moved, "end", now)


def _mark(moved: Sequence[Moved], phase: str, now: datetime) -> None:
    beating = {monitor.pk for one in moved for monitor in one.monitors if monitor.type == "heartbeat"}
    heartbeats = (
        Heartbeat.objects.select_related("monitor").filter(pk__in=numbers(beating)).in_bulk() if beating else {}
    )
    stored = [
        Stored(heartbeats[monitor.pk], [_marker(one.deployment, heartbeats[monitor.pk], phase, now)])
        for one in moved
        for monitor in one.monitors
        if monitor.pk in heartbeats
    ]
    if stored:
        create_rows([signal for _, signals in stored for signal in signals])
        signals_stored.send(sender=Heartbeat, stored=stored, now=now)


def _marker(deployment: Deployment, heartbeat: Heartbeat, phase: str, now: datetime) -> Signal:
    told = {
        "phase": phase,
        "deploymentId": deployment.pk,
        "name": deployment.name,
        "version": deployment.release,
        "author": deployment.author,
        "link": deployment.link,
    }
    return Signal(heartbeat=heartbeat, type=SignalType.DEPLOYMENT, created_at=now, metadata=told)


def tell_statuses(*, changes: Sequence[Changed], now: datetime, **kwargs: Any) -> None:
    """Says changes of status to their workspaces, and to those who watch just one check."""
    beating = [one.monitor.pk for one in changes if one.monitor.type == "heartbeat"]
    tokens = dict(Heartbeat.objects.filter(pk__in=beating).values_list("pk", "token"))
    messages = [
        message(
            workspace_id=one.monitor.workspace_id,
            kind="check",
            data={
                "monitorId": one.monitor.pk,
                "status": one.change.after,
                "statusSince": rfc3339(one.change.at),
            },
            check_token=tokens.get(one.monitor.pk),
        )
        for one in changes
    ]
    transaction.on_commit(partial(live.publish_all, messages))


def tell_signals(*, stored: Sequence[Stored], now: datetime, **kwargs: Any) -> None:
    """Says signals that were settled or written by the platform."""
    messages = [
        message(
            workspace_id=heartbeat.monitor.workspace_id,
            kind="signal",
            data={"monitorId": heartbeat.pk, "token": heartbeat.token, "signal": signal_json(signal)},
            check_token=heartbeat.token,
        )
        for heartbeat, signals in stored
        for signal in signals
    ]
    transaction.on_commit(partial(live.publish_all, messages))


def hold_pings(*, monitor: Monitor, now: datetime, **kwargs: Any) -> None:
    """Keeps pings from a heartbeat while it is removed: one stored in between would refer to nothing."""
    HeartbeatState.objects.select_for_update(of=("self",)).filter(pk=monitor.pk).first()
