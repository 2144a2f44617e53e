"""`manage.py rotate_secrets`: stored secrets leave the keys in SECRET_KEY_FALLBACKS for SECRET_KEY."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.rotation import rotate


class Command(BaseCommand):
    help = "Encrypt stored secrets anew under SECRET_KEY. Safe to interrupt and to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = 0
        for one in rotate():
            self.stdout.write(f"{one.column}: {one.renewed} encrypted anew")
            for pk in one.unreadable:
                self.stderr.write(f"{one.column}: no key reads the row {pk}")
            unreadable += len(one.unreadable)
        if unreadable:
            raise CommandError(
                f"{unreadable} rows are under a key that is neither SECRET_KEY nor in SECRET_KEY_FALLBACKS: add that "
                "key and run this again, or store their secrets anew."
            )
        self.stdout.write("Nothing needs SECRET_KEY_FALLBACKS any more.")
