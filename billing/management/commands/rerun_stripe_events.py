"""Works Stripe's events off again: those that failed or were never worked off, or those that are named."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from billing import webhooks
from billing.models import EventState, StripeEvent
from common import clock


class Command(BaseCommand):
    """`manage.py rerun_stripe_events [evt_… …]`."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("events", nargs="*", help="Ids at Stripe; without any, all that are not done.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = StripeEvent.objects.order_by("created_at", "pk")
        open_states = (EventState.RECEIVED, EventState.FAILED)
        named = options["events"]
        found = found.filter(stripe_id__in=named) if named else found.filter(state__in=open_states)
        for pk in list(found.values_list("pk", flat=True)):
            row = webhooks.run(event_id=pk, now=clock.now())
            self.stdout.write(f"{row.stripe_id} {row.type}: {row.state} {row.error}".rstrip())
