"""Says that a delivery is due: to the sender of this process if it has one, else to a worker through the broker."""

import logging
from collections.abc import Callable

from celery import current_app

log = logging.getLogger("websignal.alerts")
_wakers: list[Callable[[], None]] = []


def nudge() -> None:
    """Never raises and never waits for a broker that is gone: the sender looks for itself each second."""
    if _wakers:
        for wake in _wakers:
            wake()
        return
    try:
        current_app.send_task("alerts.tasks.send_due", expires=10, retry=False, ignore_result=True)
    except Exception:
        log.warning("The broker takes no nudge; deliveries leave at the sender's next look.", exc_info=True)


def nudge_reports() -> None:
    """Says that a monthly report waits to be made; never raises, for beat asks every few seconds anyway."""
    try:
        current_app.send_task("alerts.tasks.monthly_reports", expires=10, retry=False, ignore_result=True)
    except Exception:
        log.warning("The broker takes no nudge; the report is made at the next look.", exc_info=True)


def add_waker(wake: Callable[[], None]) -> None:
    """From now on `wake` is called at every nudge in this process."""
    _wakers.append(wake)


def remove_waker(wake: Callable[[], None]) -> None:
    """Undoes `add_waker`."""
    _wakers.remove(wake)
