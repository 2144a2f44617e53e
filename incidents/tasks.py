"""Celery's ticks for incidents."""

from celery import shared_task

from common import clock
from incidents.holding import release


@shared_task(name="incidents.release", ignore_result=True)
def release_held() -> None:
    """Each second: opens what planned work held back until now and still fails."""
    release(now=clock.now())
