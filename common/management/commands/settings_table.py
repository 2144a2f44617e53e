"""`manage.py settings_table`: the table of docs/reference/settings.md, from what the settings really read."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Print the table of environment variables as Markdown."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(table())


def table() -> str:
    """One row for each variable, in the order in which the settings read them."""
    rows = [(f"`{one.name}`", one.kind, one.default or "none", one.help) for one in settings.ENVIRONMENT]
    head = [("variable", "value", "default", "what it does"), ("---",) * 4]
    return "\n".join(f"| {' | '.join(row)} |" for row in [*head, *rows])
