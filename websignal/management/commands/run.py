"""`manage.py run`: migrates, makes the first user, and starts everything in this process."""

import os
import secrets
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections, transaction

from accounts.models import User
from accounts.services import create_user
from websignal.embedded import EmbeddedServer, PortTaken


class Command(BaseCommand):
    help = "Migrate, make the first user, and run web, worker, engine and beat in one process."
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            server = EmbeddedServer(settings.HOST, settings.PORT)
        except PortTaken as taken:
            raise CommandError(str(taken)) from taken
        call_command("migrate", verbosity=0, interactive=False)
        self._say(f"\n  WebSignal is at {settings.PUBLIC_URL}\n")
        self._make_first_user()
        self._say("  Ctrl-C stops it.\n\n")
        connections.close_all()
        came_up = server.run()
        self._say("  Stopped.\n" if came_up else "")
        sys.stderr.flush()
        # Threads of libraries that cannot be told to stop must not hold the process.
        os._exit(0 if came_up else 1)

    @transaction.atomic
    def _make_first_user(self) -> None:
        """An operator, where nobody exists. The password is printed before the commit: what exists was shown."""
        if User.objects.exists():
            return
        given = settings.FIRST_USER_PASSWORD
        password = given or secrets.token_urlsafe(12)
        create_user(email=settings.FIRST_USER_EMAIL, password=password, is_operator=True)
        shown = "as given in FIRST_USER_PASSWORD" if given else f"{password}   (shown once)"
        self._say(f"  First login: {settings.FIRST_USER_EMAIL}   password: {shown}\n")

    def _say(self, text: str) -> None:
        self.stdout.write(text, ending="")
        self.stdout.flush()
