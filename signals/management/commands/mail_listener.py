"""`manage.py mail_listener`: receives pings by email until SIGTERM."""

import asyncio
import re
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from signals.live import live
from signals.mail.listener import Listener

_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")


class Command(BaseCommand):
    help = "Listen for pings by email (SMTP) at MAIL_PING_DOMAIN, until SIGTERM or Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        if not _DOMAIN.fullmatch(settings.MAIL_PING_DOMAIN):
            raise CommandError("Set MAIL_PING_DOMAIN to the mail domain of your pings, for example ping.example.org.")
        try:
            asyncio.run(self._listen())
        except OSError as error:
            where = f"{settings.MAIL_PING_HOST}:{settings.MAIL_PING_PORT}"
            raise CommandError(
                f"Cannot listen on {where} ({error.strerror}): set MAIL_PING_PORT or MAIL_PING_HOST."
            ) from error

    async def _listen(self) -> None:
        stopping, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopping.set)
        listener = Listener(settings.MAIL_PING_DOMAIN)
        port = await listener.start(settings.MAIL_PING_HOST, settings.MAIL_PING_PORT)
        self.stdout.write(f"Listening for mails to {settings.MAIL_PING_DOMAIN} on {settings.MAIL_PING_HOST}:{port}")
        self.stdout.flush()
        live.start()
        await stopping.wait()
        await listener.stop()
        await live.stop()
