"""Celery's ticks for signals."""

import threading

from celery import shared_task

from common import clock
from signals import sweep, upkeep

_sweeping = threading.Lock()


@shared_task(name="signals.sweep", ignore_result=True)
def sweep_heartbeats() -> None:
    """Four times a second: moves on what fell due. One at a time in a process: a second leaves the sender no time."""
    if _sweeping.acquire(blocking=False):
        try:
            sweep.sweep(now=clock.now())
        finally:
            _sweeping.release()


@shared_task(name="signals.drop_old_signals", ignore_result=True)
def drop_old_signals() -> None:
    """Each hour: signals past their retention, and tickets that nobody used."""
    upkeep.drop_old_signals(now=clock.now())
    upkeep.drop_old_tickets(now=clock.now())
