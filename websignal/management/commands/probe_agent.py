"""`manage.py probe_agent`: probes for a region from anywhere, over HTTPS only."""

import logging
import signal
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.policy import outgoing_policy
from monitors.agent.agent import Agent
from monitors.agent.link import Link, LinkDown, TokenRefused
from monitors.agent.remote_store import LAST_RETRY, RemoteStore
from monitors.agent.spool import Spool, SpoolTaken
from monitors.scheduling.reference import OwnNetwork

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Probe for a region over HTTPS, without database or broker. Unsent results are kept in DATA_DIR/agent."
    requires_migrations_checks = False
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default=settings.AGENT_URL, help="Address of the platform, https://…")
        parser.add_argument("--token", default=settings.AGENT_TOKEN, help="Token of an agent, wsa_…")
        parser.add_argument("--region", help="Key of the region; refused when the token is of another.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["url"] or not options["token"]:
            raise CommandError("Give --url and --token, or AGENT_URL and AGENT_TOKEN in the environment.")
        try:
            Link(options["url"], options["token"])
            spool = Spool(settings.DATA_DIR / "agent")
        except (ValueError, SpoolTaken) as wrong:
            raise CommandError(str(wrong)) from wrong
        store = RemoteStore(
            lambda: Link(options["url"], options["token"]), spool, OwnNetwork(settings.PROBE_REFERENCE_HOSTS)
        )
        try:
            _say_hello(store)
            if options["region"] not in (None, store.region):
                store.say_goodbye()
                raise CommandError(f"The token is of the region {store.region}, not of {options['region']}.")
            agent = Agent(store, outgoing_policy(), settings.PROBE_CAPACITY, settings.PROBE_PER_HOST)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: agent.stop())
            self.stdout.write(f"Probing for the region {store.region}.")
            self.stdout.flush()
            agent.run()
        finally:
            spool.close()
        if agent.refused:
            raise CommandError(f"The platform does not take the token: {agent.refused}")


def _say_hello(store: RemoteStore) -> None:
    """Until the platform answers. Raises CommandError when it does not take the token."""
    wait = 1.0
    while True:
        try:
            return store.say_hello()
        except TokenRefused as refused:
            raise CommandError(f"The platform does not take the token: {refused}") from refused
        except LinkDown as down:
            log.warning("The platform does not answer (%s); asking again in %.0f s", down, wait)
            time.sleep(wait)
            wait = min(wait * 2, LAST_RETRY)
