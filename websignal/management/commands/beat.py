"""`manage.py beat`: sends the ticks; a second one stands by until the first is gone."""

import signal
import sys
import time
from types import FrameType
from typing import Any

from celery.beat import Service
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from common.locks import only_one, still_held
from websignal.celery import app
from websignal.scheduler import SteadyScheduler
from websignal.threads import Supervised

CHECK_EVERY_SECONDS = 2.0


class Command(BaseCommand):
    requires_system_checks = ()  # of the web's addresses, which beat does without
    help = "Send the platform's ticks. Run two on PostgreSQL: the second stands by on a lock."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.REDIS_URL:
            raise CommandError("Beat of its own needs REDIS_URL; without Redis, `manage.py run` does everything.")
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _leave)
        with only_one("beat"):
            thread = Supervised("beat", _tick)
            thread.start()
            try:
                while still_held():
                    time.sleep(CHECK_EVERY_SECONDS)
            except Error as error:
                raise CommandError(f"The database went away and with it the lock: {error}") from error


def _tick() -> None:
    Service(app, max_interval=1, scheduler_cls=SteadyScheduler).start()


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
