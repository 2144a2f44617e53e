"""`manage.py demo`: a workspace full of living examples, then the same process as `manage.py run`."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from accounts.first_user import make_first_user
from common import clock
from dashboard.demo.names import serve_names
from dashboard.demo.pinger import start_jobs
from dashboard.demo.targets import serve_targets
from dashboard.demo.workspace import NAME, fill, owner_of_demo


class Command(BaseCommand):
    help = "Fill the workspace Demo with examples that answer, are slow and fail now and then; then run everything."
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        first = make_first_user()
        if first:
            self._say(f"\n  First login: {first.user}   password: {first.password}   (shown once)")
        owner = owner_of_demo()
        jobs = fill(targets=serve_targets(self._say), resolver=serve_names(), owner=owner, now=clock.now())
        self._say(f"  The examples are in the workspace {NAME} of {owner}; webhooks are printed here.")
        start_jobs(jobs)
        call_command("run")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
