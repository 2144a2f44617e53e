"""`manage.py worker`: one worker process with the engine of its region."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitors.scheduling.queues import probe_queue
from websignal.celery import app


class Command(BaseCommand):
    help = "Run a worker of a region: its probe engine and the work of the platform."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--region", default=settings.REGION, help="Key of the region to probe from.")
        parser.add_argument("--threads", type=int, default=8, help="Tasks at once.")
        parser.add_argument("--no-probes", action="store_true", help="Only the work of the platform, no engine.")
        parser.add_argument("--only-probes", action="store_true", help="Only the engine of the region.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["no_probes"] and options["only_probes"]:
            raise CommandError("--no-probes and --only-probes leave nothing to do: give one of them.")
        if not settings.REDIS_URL:
            raise CommandError("A worker of its own needs REDIS_URL; without Redis, `manage.py run` does everything.")
        settings.REGION = options["region"]
        queues = [] if options["only_probes"] else ["default"]
        queues += [] if options["no_probes"] else [probe_queue(options["region"])]
        app.worker_main(
            [
                "worker",
                "--pool=threads",
                "--without-mingle",
                "--without-gossip",
                "--loglevel=WARNING",
                f"--concurrency={options['threads']}",
                f"--queues={','.join(queues)}",
                f"--hostname={options['region']}-{os.getpid()}@%h",
            ]
        )
