"""What beat asks of monitors; one line into a service each."""

from celery import shared_task
from django.conf import settings

from common import clock
from common.pace import Pace
from monitors.allowance import pause_beyond_plans
from monitors.planned.moving import move_deployments
from monitors.regions.silence import watch_regions
from monitors.reports.services import drop_old_reports, make_reports
from monitors.results.facts import drop_old_facts
from monitors.rollups.rolling import drop_old_hours, roll_up
from monitors.scheduling.engine_step import running_engine
from monitors.scheduling.queues import probe_queue
from monitors.upkeep import drop_old_results, mark_unwatched, tended_regions

ROLL_UP_REST, ROLL_UP_SECONDS = 6.0, 45.0


@shared_task(name="monitors.tick")
def tick() -> None:
    """Wakes this process's engine; expires before the next one."""
    if engine := running_engine():
        engine.wake()


@shared_task(name="monitors.tick_regions")
def tick_regions() -> None:
    """Passes beat's tick to every region that an engine looks from."""
    for region in tended_regions(now=clock.now()):
        tick.apply_async(queue=probe_queue(region), expires=1)


@shared_task(name="monitors.mark_unwatched")
def mark_unwatched_task() -> None:
    mark_unwatched(now=clock.now())


@shared_task(name="monitors.watch_regions")
def watch_regions_task() -> None:
    """Every 5 seconds: regions that fell silent, and those heard again."""
    watch_regions(now=clock.now())


@shared_task(name="monitors.drop_old_results")
def drop_old_results_task() -> None:
    now = clock.now()
    drop_old_results(now=now)
    drop_old_facts(now=now)
    drop_old_hours(now=now)
    drop_old_reports(now=now)


@shared_task(name="monitors.roll_up", ignore_result=True)
def roll_up_task() -> None:
    """Each minute, a while and gently, for the engine has the same core: hours that are over, and late ones."""
    roll_up(now=clock.now(), pace=Pace(rest=ROLL_UP_REST, seconds=ROLL_UP_SECONDS))


@shared_task(name="monitors.move_deployments", ignore_result=True)
def move_deployments_task() -> None:
    """Each second: starts and ends deployments whose time has come."""
    move_deployments(now=clock.now())


@shared_task(name="monitors.make_reports", ignore_result=True)
def make_reports_task() -> None:
    """Every 5 seconds, and when one is asked for: files that wait to be made."""
    make_reports(now=clock.now())


@shared_task(name="monitors.pause_beyond_plans", ignore_result=True)
def pause_beyond_plans_task() -> None:
    """Each ten minutes: what a plan that went down, or a trial that ended, does not cover."""
    if settings.BILLING_ENABLED:
        pause_beyond_plans(now=clock.now())
