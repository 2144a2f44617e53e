"""`manage.py roll_up`: rolls a period up again from its raw results."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common import clock
from common.instants import parse_instant_or_date
from monitors.rollups.rolling import backfill, raw_since


class Command(BaseCommand):
    help = "Roll a period up again from its raw results, as far as they are kept. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", help="An instant or a date; the oldest kept results when not given.")
        parser.add_argument("--until", help="An instant or a date; now when not given.")

    def handle(self, *args: Any, since: str | None, until: str | None, **options: Any) -> None:
        now = clock.now()
        first = _instant(since, is_end=False) if since else raw_since(now=now)
        last = _instant(until, is_end=True) if until else now
        self.stdout.write(f"{backfill(since=first, until=last, now=now)} hours are rolled up again.")


def _instant(raw: str, *, is_end: bool) -> datetime:
    try:
        return parse_instant_or_date(raw, is_end=is_end)
    except ValueError as error:
        raise CommandError(f"{raw} is no instant such as 2026-01-31T12:00:00Z, and no date.") from error
