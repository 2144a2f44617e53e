"""What beat and nudges ask of a worker; each task one line into a service."""

import threading
from typing import Any

from celery import shared_task
from celery.signals import worker_shutdown

from alerts import notices, reminders, withheld
from alerts.monthly import making as monthly
from alerts.recipients import addresses as recipients
from alerts.recipients import phone_numbers
from alerts.sending import sender as sending
from common.clock import now

_asking = threading.Lock()
_sending_codes = threading.Lock()
_making_reports = threading.Lock()


@shared_task(name="alerts.tasks.send_due", ignore_result=True)
def send_due() -> None:
    """Each second, and at every nudge: the sender of this process looks what is due."""
    sending.wake()


@shared_task(name="alerts.tasks.ask_recipients", ignore_result=True)
def ask_recipients() -> None:
    """Every 5 seconds: mails that ask addresses to confirm. A server that hangs holds one of the worker's threads."""
    if _asking.acquire(blocking=False):
        try:
            recipients.send_due_questions(now=now())
        finally:
            _asking.release()


@shared_task(name="alerts.tasks.send_codes", ignore_result=True)
def send_codes() -> None:
    """Every 5 seconds: codes by which phone numbers agree. A provider that hangs holds one of the worker's threads."""
    if _sending_codes.acquire(blocking=False):
        try:
            phone_numbers.send_due_codes(now=now())
        finally:
            _sending_codes.release()


@shared_task(name="alerts.tasks.remind", ignore_result=True)
def remind() -> None:
    """Every 5 seconds: incidents that are still open."""
    reminders.remind(now=now())


@shared_task(name="alerts.tasks.tell_held", ignore_result=True)
def tell_held() -> None:
    """Every 5 seconds: openings that a maintenance window held back until now."""
    withheld.tell_held(now=now())


@shared_task(name="alerts.tasks.monthly_reports", ignore_result=True)
def monthly_reports() -> None:
    """Every 10 seconds: reports that are due, and those that wait. A long one holds one of the worker's threads."""
    monthly.plan_due(now=now())
    if _making_reports.acquire(blocking=False):
        try:
            monthly.make_due(clock=now)
        finally:
            _making_reports.release()


@shared_task(name="alerts.tasks.drop_old_reports", ignore_result=True)
def drop_old_reports() -> None:
    """Every hour: monthly reports of long ago."""
    monthly.drop_old(now=now())


@worker_shutdown.connect(dispatch_uid="alerts")
def stop_sender(**_: Any) -> None:
    """What is under way gets two seconds; the rest goes on after its lease, elsewhere or at the next start."""
    sending.stop(2.0)


@shared_task(name="alerts.tasks.send_notices", ignore_result=True)
def send_notices() -> None:
    """Every 10 seconds: what operators are to be told of the platform itself."""
    notices.send_notices(now=now())
