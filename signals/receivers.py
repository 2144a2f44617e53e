"""What signals hear from below and from themselves: told to the live stream once it is committed."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from common.instants import rfc3339
from monitors.events import deployment_ended, deployment_started, monitor_deleted, status_changed
from monitors.models import Deployment, Monitor, StatusChange
from signals import live
from signals.events import signals_stored
from signals.models import Heartbeat, HeartbeatState, Signal, SignalType
from signals.shown import signal_json


def connect() -> None:
    """Called once, when the app is ready."""
    status_changed.connect(tell_status, dispatch_uid="signals.tell_status")
    signals_stored.connect(tell_signals, dispatch_uid="signals.tell_signals")
    monitor_deleted.connect(hold_pings, dispatch_uid="signals.hold_pings")
    deployment_started.connect(mark_start, dispatch_uid="signals.mark_start")
    deployment_ended.connect(mark_end, dispatch_uid="signals.mark_end")


def mark_start(*, deployment: Deployment, monitors: Sequence[Monitor], now: datetime, **kwargs: Any) -> None:
    """A DEPLOYMENT signal on each heartbeat that the deployment covers."""
    _mark(deployment, monitors, "start", now)


def mark_end(*, deployment: Deployment, monitors: Sequence[Monitor], now: datetime, **kwargs: Any) -> None:
    """The same at its end."""
    _mark(deployment, monitors, "end", now)


def _mark(deployment: Deployment, monitors: Sequence[Monitor], phase: str, now: datetime) -> None:
    told = {
        "phase": phase,
        "deploymentId": deployment.pk,
        "name": deployment.name,
        "version": deployment.release,
        "author": deployment.author,
        "link": deployment.link,
    }
    covered = Heartbeat.objects.filter(pk__in=[one.pk for one in monitors]).select_related("monitor").order_by("pk")
    for heartbeat in covered:
        signal = Signal.objects.create(heartbeat=heartbeat, type=SignalType.DEPLOYMENT, created_at=now, metadata=told)
        signals_stored.send(sender=Heartbeat, heartbeat=heartbeat, signals=[signal], now=now)


def tell_status(*, monitor: Monitor, change: StatusChange, now: datetime, **kwargs: Any) -> None:
    """Says a change of status to the workspace, and to those who watch just this check."""
    token = None
    if monitor.type == "heartbeat":
        token = Heartbeat.objects.filter(pk=monitor.pk).values_list("token", flat=True).first()
    data = {"monitorId": monitor.pk, "status": change.after, "statusSince": rfc3339(change.at)}
    transaction.on_commit(
        partial(live.publish, workspace_id=monitor.workspace_id, kind="check", data=data, check_token=token)
    )


def tell_signals(*, heartbeat: Heartbeat, signals: Sequence[Signal], now: datetime, **kwargs: Any) -> None:
    """Says signals that were settled or written by the platform."""
    for signal in signals:
        data = {"monitorId": heartbeat.pk, "token": heartbeat.token, "signal": signal_json(signal)}
        transaction.on_commit(
            partial(
                live.publish,
                workspace_id=heartbeat.monitor.workspace_id,
                kind="signal",
                data=data,
                check_token=heartbeat.token,
            )
        )


def hold_pings(*, monitor: Monitor, now: datetime, **kwargs: Any) -> None:
    """Keeps pings from a heartbeat while it is removed: one stored in between would refer to nothing."""
    HeartbeatState.objects.select_for_update(of=("self",)).filter(pk=monitor.pk).first()
