"""Celery's ticks for signals."""

from celery import shared_task

from common import clock
from signals import sweep, upkeep


@shared_task(name="signals.sweep", ignore_result=True)
def sweep_heartbeats() -> None:
    """Four times a second: moves on what fell due."""
    sweep.sweep(now=clock.now())


@shared_task(name="signals.drop_old_signals", ignore_result=True)
def drop_old_signals() -> None:
    """Each hour: signals past their retention, and tickets that nobody used."""
    upkeep.drop_old_signals(now=clock.now())
    upkeep.drop_old_tickets(now=clock.now())
