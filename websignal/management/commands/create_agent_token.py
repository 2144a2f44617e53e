"""`manage.py create_agent_token --region fra`: the token alone on its last line, for scripts."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common import clock
from monitors.models import Region
from monitors.regions.agents import make_agent_token


class Command(BaseCommand):
    help = "Makes a token for an agent of a region and prints it: nothing else stands on the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--region", required=True, help="Key of the region that it probes for.")
        parser.add_argument("--name", default="command line", help="What it is called in the list of tokens.")

    def handle(self, *args: Any, **options: Any) -> None:
        region = Region.objects.filter(key=options["region"]).first()
        if region is None:
            have = ", ".join(Region.objects.order_by("key").values_list("key", flat=True))
            raise CommandError(f"There is no region {options['region']}; there is {have}.")
        if not 1 <= len(options["name"].strip()) <= 120:
            raise CommandError("--name must have 1 to 120 characters")
        made = make_agent_token(region=region, name=options["name"].strip(), now=clock.now())
        self.stdout.write(made.secret)
