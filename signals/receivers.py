"""What signals hear from below and from themselves: told to the live stream once it is committed."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from common.instants import rfc3339
from monitors.events import Changed, deployment_ended, deployment_started, monitor_deleted, statuses_changed
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
    stored = [
        Stored(one, [Signal(heartbeat=one, type=SignalType.DEPLOYMENT, created_at=now, metadata=told)])
        for one in covered
    ]
    if stored:
        Signal.objects.bulk_create([one for _, signals in stored for one in signals])
        signals_stored.send(sender=Heartbeat, stored=stored, now=now)


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
